import type { ActivationPolicy } from "../deploy/activation/policy.ts";
import type { Outcome } from "../deploy/outcome.ts";
import type { FleetError } from "../errors.ts";
import { renderStorePath } from "../local-nix/store-path.ts";
import { isAsAsked } from "../stack/delivery.ts";
import { type RunPhases, renderTimes, timesOf } from "../stack/times.ts";
import { renderTable } from "./render-table.ts";
import type { Terminal } from "./terminal.ts";

/** How one machine's deployment ended: with an outcome, with an error before the host was touched, or without its turn. */
export type Result =
  | { readonly machine: string; readonly outcome: Outcome; readonly policy: ActivationPolicy }
  | { readonly machine: string; readonly error: FleetError }
  | { readonly machine: string; readonly held: "held" | "refused" | "queued" | "skipped"; readonly reason: string };

/** Exit 0: every machine is as was asked for, or was left out for not answering as the stack has it; 1: some are not; 130: interrupted. */
export function exitCodeOf(results: readonly Result[], signal: AbortSignal): number {
  if (signal.aborted) return 130;
  return results.every(isFine) ? 0 : 1;
}

function isFine(result: Result): boolean {
  if ("held" in result) return result.held === "queued" || result.held === "skipped";
  return "outcome" in result && isAsAsked(result.outcome, result.policy);
}

/** One row per machine, below it each error in full. */
export function renderResults(results: readonly Result[]): string {
  const rows = results.map((result) => {
    if ("error" in result) return [result.machine, "failed", "", "", "", result.error.facts.summary];
    if ("held" in result) return [result.machine, result.held, "", "", "", result.reason];
    const { kind, facts, reason = "" } = result.outcome;
    const seconds = Object.values(facts.seconds).reduce((sum, value) => sum + value, 0);
    const running = facts.current === null ? "" : renderStorePath(facts.current);
    const units = facts.newlyFailed.map(({ unit }) => unit).join(" ");
    const words = [units === "" ? "" : `failed units: ${units}`, reason].filter((part) => part !== "").join("; ");
    return [result.machine, kind, running, String(facts.generation ?? ""), seconds.toFixed(1), words];
  });
  return renderTable(["machine", "outcome", "running", "generation", "seconds", ""], rows);
}

/** For machines to read; an error has its code and five facts. */
export function resultsJson(results: readonly Result[]): string {
  const plain = results.map((result) => {
    if ("outcome" in result) return result.outcome;
    if ("held" in result) return { kind: result.held, machine: result.machine, reason: result.reason };
    return { kind: "failed", machine: result.machine, error: { code: result.error.code, ...result.error.facts } };
  });
  return JSON.stringify(plain, null, 2);
}

/** Where the time of each deployment went, and of what came before them. Nothing for a run that reached no host. */
export function tellTimes(results: readonly Result[], phases: RunPhases, terminal: Terminal): void {
  const times = results.flatMap((result) => {
    if (!("outcome" in result)) return [];
    const { machine, facts } = result.outcome;
    const seconds = Object.values(facts.seconds).reduce((sum, value) => sum + value, 0);
    return seconds === 0 ? [] : [{ machine, seconds, times: timesOf(facts) }];
  });
  if (times.length > 0) terminal.tell(renderTimes(times, phases));
}

/** What the table has no room for: errors in full, and the last words of units that failed. */
export function tellFailures(results: readonly Result[], terminal: Terminal): void {
  for (const result of results) {
    if ("error" in result) terminal.tell(`\n${result.error.message}`);
    else if ("outcome" in result) {
      for (const { unit, journal } of result.outcome.facts.newlyFailed)
        terminal.tell([`\n${result.machine}: ${unit}:`, ...journal].join("\n  "));
    }
  }
}
