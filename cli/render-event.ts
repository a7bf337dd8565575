import type { FleetEvent } from "../report.ts";

/** One line: `galena: push: 12 of 40 paths`. */
export function renderEvent({ subject, phase, message }: FleetEvent): string {
  return [subject, phase, message].filter((part) => part !== undefined).join(": ");
}
