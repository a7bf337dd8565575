import type { HostSession } from "../host-session.ts";
import type { FailedUnit } from "../outcome.ts";
import { hostScript } from "./scripts.ts";

/** Most units whose last words are fetched; all are named. */
const mostUnits = 8;

/** The last lines that failed units left in the journal. */
export async function readJournal(
  session: HostSession,
  units: readonly string[],
  signal: AbortSignal,
): Promise<FailedUnit[]> {
  if (units.length === 0) return [];
  const script = hostScript("diagnose", units.slice(0, mostUnits));
  const text = await session.retried(() => session.script(script, { deadlineSeconds: 30 }, signal), signal);
  return parseJournal(units, text);
}

/** @param text - lines `unit<TAB>line`. */
export function parseJournal(units: readonly string[], text: string): FailedUnit[] {
  const lines = text
    .split("\n")
    .map((line) => ({ unit: line.split("\t", 1)[0], line: line.slice(line.indexOf("\t") + 1) }));
  return units.slice(0, 100).map((unit) => ({
    unit,
    journal: lines
      .filter((line) => line.unit === unit)
      .map(({ line }) => line.slice(0, 1_000))
      .slice(-10),
  }));
}
