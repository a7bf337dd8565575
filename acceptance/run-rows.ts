import { renderAddress } from "../deploy/ssh/connection-spec.ts";
import { FleetError } from "../errors.ts";
import type { HostUnderTest } from "./host-under-test.ts";
import { Checks, type Row, type RowResult } from "./row.ts";
import type { PlannedRow } from "./rows.ts";

/** For one row, reboots included. */
const rowDeadlineSeconds = 2_400;

export interface RunOptions {
  /** Whether to go on with a row, which changes the host. */
  readonly ask: (row: Row) => Promise<boolean>;
  readonly tell: (line: string) => void;
}

/**
 * Tries one row after the other. A row that fails does not end the run: the host is put back to the system that was found,
 * and the next one begins there.
 * @returns what was tried until `signal` stopped it.
 */
export async function runRows(
  host: HostUnderTest,
  planned: readonly PlannedRow[],
  { ask, tell }: RunOptions,
  signal: AbortSignal,
): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (const { row, skipped } of planned) {
    if (signal.aborted) break;
    const reason = skipped ?? ((await ask(row)) ? undefined : "not agreed to");
    if (reason !== undefined) {
      const { id, title, expected } = row;
      results.push({ id, title, expected, seconds: 0, status: "skipped", reason });
      tell(`${id}: skipped: ${reason}`);
      continue;
    }
    tell(`${row.id}: ${row.title}`);
    const result = await runRow(host, row, signal);
    results.push(result);
    tell(`${row.id}: ${result.status}${result.status === "skipped" ? "" : `: ${result.seen}`}`);
    if (result.status === "failed" && !signal.aborted) await putBack(host, tell, signal);
  }
  return results;
}

async function runRow(host: HostUnderTest, row: Row, signal: AbortSignal): Promise<RowResult> {
  const began = performance.now();
  const checks = new Checks();
  const within = AbortSignal.any([signal, AbortSignal.timeout(rowDeadlineSeconds * 1000)]);
  try {
    await row.run(host, checks, within);
    within.throwIfAborted();
  } catch (error) {
    checks.outcomes.push(renderError(error));
    checks.holds("the row came to its end", false, renderError(error));
  }
  const { id, title, expected } = row;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const anonymous = (text: string): string => withoutAddress(text, host);
  return {
    id,
    title,
    expected,
    seconds,
    status: checks.passed ? "passed" : "failed",
    seen: anonymous(checks.outcomes.join("; ")),
    checks: checks.all.map((check) => ({ ...check, seen: anonymous(check.seen) })),
  };
}

/** So that the next row begins at a system that is known to be good; that it could not be done fails that row, too. */
async function putBack(host: HostUnderTest, tell: (line: string) => void, signal: AbortSignal): Promise<void> {
  try {
    const outcome = await host.deploy(host.found.toplevel, {}, signal);
    tell(`back to the system that was found: ${outcome.kind}`);
  } catch (error) {
    tell(`back to the system that was found: ${renderError(error)}`);
  }
}

function renderError(error: unknown): string {
  if (error instanceof FleetError)
    return `${error.facts.summary}: ${error.facts.found}`.replaceAll("\n", " ").slice(0, 1_000);
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}

/** A report may be published: where the host is, is nobody's business. */
function withoutAddress(text: string, { spec }: HostUnderTest): string {
  return text.replaceAll(renderAddress(spec), "the host").replaceAll(spec.address, "the host");
}
