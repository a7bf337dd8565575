import type { InstanceEvent } from "./compute-api.ts";

/** How a VM came to be off, on or gone. */
export type Ending = "off" | "on" | "gone";

/**
 * Operations of Compute Engine, in words that a person who was not there understands. Source: Compute Engine documentation,
 * "Viewing audit logs" and "System event audit logs": `operationType` of zoneOperations.
 */
const words: Readonly<Record<Ending, Readonly<Record<string, string>>>> = {
  off: {
    stop: "stopped",
    suspend: "suspended",
    "compute.instances.preempted": "preempted",
    "compute.instances.guestTerminate": "shut down from inside",
    "compute.instances.terminateOnHostMaintenance": "ended for maintenance of its host",
    "compute.instances.hostError": "ended by an error of its host",
  },
  on: { start: "started", resume: "resumed", "compute.instances.automaticRestart": "started again" },
  gone: { delete: "deleted", "compute.instances.preempted": "preempted" },
};

/** `stopped by ops@example.org at 2026-11-23 22:10 UTC`; undefined: nothing that is known led there. @param events - the last first. */
export function renderEnding(ending: Ending, events: readonly InstanceEvent[]): string | undefined {
  const last = events.find(({ type }) => Object.hasOwn(words[ending], type));
  if (last === undefined) return undefined;
  const who = last.user === undefined ? "" : ` by ${last.user === "system@google.com" ? "Google" : last.user}`;
  const at = last.at === undefined ? Number.NaN : Date.parse(last.at);
  const when = Number.isNaN(at) ? "" : ` at ${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `${words[ending][last.type]}${who}${when}`;
}
