import type { HostSession } from "../host-session.ts";
import type { FailedUnit } from "../outcome.ts";
import { firstCause } from "./first-cause.ts";
import { hostScript } from "./scripts.ts";

/** Most units whose last words are fetched; all are named. */
const mostUnits = 8;

const mostLines = 10;

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
  return units.slice(0, 100).map((unit) => {
    const own = lines.filter((line) => line.unit === unit).map(({ line }) => line.slice(0, 1_000));
    return { unit, journal: shortened(own) };
  });
}

/** The last lines; where the first cause stands before them, it takes the place of the first. */
function shortened(lines: readonly string[]): string[] {
  const last = lines.slice(-mostLines);
  const cause = firstCause(lines.join("\n"));
  return cause === undefined || last.some((line) => line.includes(cause)) ? last : [cause, ...last.slice(1)];
}

/** `<unit>: <what its journal says went wrong first>`, for those whose journal does. */
export function causesOf(units: readonly FailedUnit[]): string[] {
  return units.flatMap(({ unit, journal }) => {
    const cause = firstCause(journal.join("\n"));
    return cause === undefined ? [] : [`${unit}: ${cause}`];
  });
}
