import type { ActivationPolicy } from "../deploy/activation/policy.ts";
import { noFacts, type Outcome } from "../deploy/outcome.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import { renderStorePath } from "../local-nix/store-path.ts";
import { deliverSystem } from "../stack/deliver-system.ts";
import { type Delivery, isAsAsked } from "../stack/delivery.ts";
import { progressOn } from "./progress.ts";
import { renderTable } from "./render-table.ts";
import type { Terminal } from "./terminal.ts";

/** How one machine's deployment ended: with an outcome, or with an error before the host was touched. */
export type Result =
  | { readonly machine: string; readonly outcome: Outcome; readonly policy: ActivationPolicy }
  | { readonly machine: string; readonly error: FleetError };

/**
 * Deploys several machines side by side; one that fails keeps none of the others from their end.
 * @param parallel - how many at a time.
 * @throws only for what is our own fault; and the reason of `signal` before the first host was touched.
 */
export async function deliverAll(
  deliveries: readonly Delivery[],
  {
    parallel,
    verbose,
    sudoPassword,
  }: { readonly parallel: number; readonly verbose: boolean; readonly sudoPassword?: SecretText | undefined },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Result[]> {
  const report = progressOn(terminal, verbose);
  const queue = deliveries.entries();
  const results: PromiseSettledResult<Result>[] = [];
  const worker = async (): Promise<void> => {
    for (const [index, delivery] of queue) {
      [results[index] = { status: "rejected", reason: new Error("not begun") }] = await Promise.allSettled([
        deliverOne(delivery, sudoPassword, report, signal),
      ]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, deliveries.length) }, worker));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

async function deliverOne(
  delivery: Delivery,
  sudoPassword: SecretText | undefined,
  report: ReturnType<typeof progressOn>,
  signal: AbortSignal,
): Promise<Result> {
  const { machine, policy } = delivery;
  try {
    const deadline = AbortSignal.timeout(delivery.deadlineSeconds * 1000);
    signal.throwIfAborted();
    const { outcome } = await deliverSystem(delivery, report, AbortSignal.any([signal, deadline]), sudoPassword);
    return { machine, outcome, policy };
  } catch (error) {
    if (signal.aborted) {
      const reason = "stopped before the host was touched";
      return { machine, outcome: { kind: "interrupted", machine, reason, facts: noFacts }, policy };
    }
    if (error instanceof FleetError) return { machine, error };
    throw error;
  }
}

/** Exit 0: every machine is as was asked for; 1: some are not; 130: interrupted. */
export function exitCodeOf(results: readonly Result[], signal: AbortSignal): number {
  if (signal.aborted) return 130;
  return results.every((result) => "outcome" in result && isAsAsked(result.outcome, result.policy)) ? 0 : 1;
}

/** One row per machine, below it each error in full. */
export function renderResults(results: readonly Result[]): string {
  const rows = results.map((result) => {
    if ("error" in result) return [result.machine, "failed", "", "", "", result.error.facts.summary];
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
  const plain = results.map((result) =>
    "outcome" in result
      ? result.outcome
      : { kind: "failed", machine: result.machine, error: { code: result.error.code, ...result.error.facts } },
  );
  return JSON.stringify(plain, null, 2);
}

/** What the table has no room for: errors in full, and the last words of units that failed. */
export function tellFailures(results: readonly Result[], terminal: Terminal): void {
  for (const result of results) {
    if ("error" in result) terminal.tell(`\n${result.error.message}`);
    else {
      for (const { unit, journal } of result.outcome.facts.newlyFailed)
        terminal.tell([`\n${result.machine}: ${unit}:`, ...journal].join("\n  "));
    }
  }
}
