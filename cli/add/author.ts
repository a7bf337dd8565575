import { type Command, Option } from "commander";
import type { FileChange } from "../../clan/authoring/draft.ts";
import type { AuthoringPlan } from "../../clan/authoring/plan-machine.ts";
import { renderPatch } from "../../clan/authoring/render-patch.ts";
import { writeChanges } from "../../clan/authoring/write-changes.ts";
import { renderFindings } from "../../clan/checks/render-findings.ts";
import { type AuthoredFleet, readFleet } from "../../clan/read-fleet.ts";
import { intendToAdd } from "../../local-nix/listed-files.ts";
import { type TriedChanges, tryChanges } from "../../stack/try-changes.ts";
import { askLine, canAsk } from "../ask-line.ts";
import { progressOn } from "../progress.ts";
import { refuseFlake } from "../source-options.ts";
import type { Terminal } from "../terminal.ts";

/** What every `fleet add` command takes. */
export interface AuthorOptions {
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly anyway: boolean;
}

/** Rules that say what generating vars mends: part of what remains, and no reason to write nothing. */
const generatedLater: readonly string[] = ["FC031", "FC061"];

/** Adds the options that every `fleet add` command has. */
export function withAuthorOptions(command: Command): Command {
  return command
    .option("--dry-run", "write nothing; show the patch", false)
    .option("--anyway", "write also where fleet check would then warn; never where it would find an error", false)
    .option("--json", "files, patches and what remains as JSON", false);
}

/** An option that may be repeated. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((text: string, before: readonly string[]) => [...before, text])
    .default([] satisfies string[], "none");
}

/** `a,b` and repeated. */
export function listed(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string, before: readonly string[] = []) => [
    ...before,
    ...text.split(",").filter((word) => word !== ""),
  ]);
}

/** The fleet in TypeScript that the command line names. */
export async function readAuthored(command: Command): Promise<AuthoredFleet> {
  refuseFlake(command);
  return readFleet(command.optsWithGlobals<{ dir: string }>().dir);
}

/**
 * The answer that the command line lacks: asked for where somebody sits at a terminal, wrong usage elsewhere.
 * @param option - where the command line could have said it.
 */
export async function lacking(
  question: string,
  option: string,
  command: Command,
  signal: AbortSignal,
): Promise<string> {
  if (!canAsk()) command.error(`error: ${option} is missing: ${question}`, { exitCode: 2 });
  const answer = await askLine(question, signal);
  if (answer === "") command.error(`error: ${option} is missing: ${question}`, { exitCode: 2 });
  return answer;
}

/**
 * Tries a plan, and writes it unless it is only to be shown. Errors and warnings that it would bring refuse it, with exit code 1.
 * @param nothing - what to say where all of it is there already.
 */
export async function author(
  fleet: AuthoredFleet,
  plan: AuthoringPlan,
  nothing: string,
  { dryRun, json, anyway }: AuthorOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { root } = fleet.evaluation;
  if (plan.changes.length === 0) {
    if (json) terminal.answer(document([], [], [], false));
    else terminal.tell(nothing);
    return;
  }
  const tried = await tryChanges(fleet, plan.changes, progressOn(terminal, false), signal);
  const remaining = [...plan.remaining, ...(tried.emitted ? [] : ["flake.nix and nix/ were out of date: fleet emit"])];
  const refused = tried.findings.some(
    ({ severity, rule }) =>
      severity === "error" || (severity === "warning" && !anyway && !generatedLater.includes(rule)),
  );
  const written = !dryRun && !refused;
  if (written) {
    await writeChanges(root, tried.changes);
    const made = tried.changes.filter(({ before }) => before === null).map(({ path }) => path);
    await intendToAdd(root, made, signal);
  }
  if (json) terminal.answer(document(tried.changes, remaining, tried.findings, written));
  else show(tried, remaining, { dryRun, refused }, terminal);
  terminal.exitCode = refused ? 1 : 0;
}

function show(
  { changes, findings }: TriedChanges,
  remaining: readonly string[],
  { dryRun, refused }: { readonly dryRun: boolean; readonly refused: boolean },
  terminal: Terminal,
): void {
  if (dryRun) for (const change of changes) terminal.answer(renderPatch(change));
  else if (!refused) for (const change of changes) terminal.answer(`${whatOf(change)}: ${change.path}`);
  if (findings.length > 0) terminal.tell(`fleet check would find:\n${renderFindings(findings)}`);
  if (refused) terminal.tell("nothing was written; warnings alone are no hindrance with --anyway");
  else if (remaining.length > 0) terminal.tell(`What remains:\n${remaining.map((line) => `  - ${line}`).join("\n")}`);
}

function whatOf({ before, after }: FileChange): "made" | "edited" | "removed" {
  if (after === null) return "removed";
  return before === null ? "made" : "edited";
}

function document(
  changes: readonly FileChange[],
  remaining: readonly string[],
  findings: TriedChanges["findings"],
  written: boolean,
): string {
  const files = changes.map((change) => ({
    path: change.path,
    change: whatOf(change),
    patch: renderPatch(change),
  }));
  return JSON.stringify({ written, files, remaining, findings }, null, 2);
}
