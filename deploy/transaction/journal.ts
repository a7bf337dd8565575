import { causesOf, parseJournal, readJournal } from "../activation/read-journal.ts";
import type { HostFacts } from "../host-facts.ts";
import type { FailedUnit, Outcome } from "../outcome.ts";
import { type DeploymentContext, makeOutcome, type Progress } from "./context.ts";

/** The outcome of failed units, with their last words. */
export async function outcomeWithJournal(
  context: DeploymentContext,
  progress: Progress,
  units: readonly string[],
  after: HostFacts,
  signal: AbortSignal,
): Promise<Outcome> {
  const newlyFailed = await readJournalIfPossible(context, units, signal);
  const reason = causesOf(newlyFailed).slice(0, 2).join("; ") || undefined;
  const outcome = makeOutcome(context, "switched-with-failed-units", progress, after, reason);
  return { ...outcome, facts: { ...outcome.facts, newlyFailed } };
}

/** The units are known without their words, and the host is what it is. */
export async function readJournalIfPossible(
  context: DeploymentContext,
  units: readonly string[],
  signal: AbortSignal,
): Promise<FailedUnit[]> {
  try {
    return await readJournal(context.session, units, signal);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    const message = `the journal could not be read: ${why}`;
    context.report({ level: "warning", subject: context.request.machine, phase: "journal", message });
    return parseJournal(units, "");
  }
}
