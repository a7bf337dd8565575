import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Draft, type FileChange } from "../clan/authoring/draft.ts";
import { AuthoringError } from "../clan/authoring/errors.ts";
import { printFleetTypes, typesFile } from "../clan/authoring/fleet-types.ts";
import { fleetContext } from "../clan/checks/fleet-context.ts";
import type { Finding } from "../clan/checks/rule.ts";
import { staleTypes } from "../clan/checks/rules/fc068-stale-types.ts";
import { runChecks } from "../clan/checks/run-checks.ts";
import { checkEmission, emitFleet } from "../clan/emission/emit-fleet.ts";
import { EmissionConflictError } from "../clan/emission/errors.ts";
import { type AuthoredFleet, readFleet } from "../clan/read-fleet.ts";
import { FleetError, FleetErrors } from "../errors.ts";
import { defaultCacheDir } from "../local-nix/cache-folder.ts";
import { copyTree } from "../local-nix/tree-copy.ts";
import { snapshotTree } from "../local-nix/tree-snapshot.ts";
import type { Report } from "../report.ts";
import { traced } from "../trace.ts";
import { givePackages } from "./give-packages.ts";
import { typeErrors } from "./type-errors.ts";

/** What changes of a fleet's files come to. */
export interface TriedChanges {
  /** With those of the emission and of `fleet.d.ts`, where the fleet has them and they were up to date. */
  readonly changes: readonly FileChange[];
  /** What the checks find now and did not find before. */
  readonly findings: readonly Finding[];
  /** False: the committed emission was out of date before, and is left to `fleet emit`. */
  readonly emitted: boolean;
}

/**
 * Tries changes on a copy of the fleet's files: it is compiled, read and checked as the fleet would be. The fleet's own
 * files are only read.
 * @throws {AuthoringError} the changed files do not compile. @throws {FleetError} {FleetErrors} the fleet cannot be read then.
 */
export async function tryChanges(
  fleet: AuthoredFleet,
  changes: readonly FileChange[],
  report: Report,
  signal: AbortSignal,
): Promise<TriedChanges> {
  const { root } = fleet.evaluation;
  await using cleanup = new AsyncDisposableStack();
  const around = await realpath(await mkdtemp(join(tmpdir(), "fleet-trial-")));
  cleanup.defer(() => rm(around, { recursive: true, force: true }));
  const tree = join(around, "tree");
  const emptyGitDir = join(defaultCacheDir(), "trees", "empty.git");
  await mkdir(join(emptyGitDir, ".."), { recursive: true });
  const { entries } = await snapshotTree(root, emptyGitDir, report, signal);
  const removed = new Set(changes.filter(({ after }) => after === null).map(({ path }) => path));
  const overlay = changes.flatMap(({ path, after }) => (after === null ? [] : [[path, after] as const]));
  const kept = entries.filter(({ path }) => !removed.has(path));
  await copyTree(root, kept, new Map(overlay), tree, signal);
  await givePackages({ around, tree }, root);
  const after = await readFleet(tree);
  await refuseTypeErrors(tree, after, changes);
  const draft = new Draft(root);
  for (const { path, after: text } of changes)
    if (text === null) draft.remove(path);
    else draft.write(path, text);
  const emitted = await emit(draft, fleet, after);
  const types = draft.read(typesFile);
  if (types === printFleetTypes(fleet.model)) draft.write(typesFile, printFleetTypes(after.model));
  return { changes: draft.changes, findings: await newFindings(fleet, after, signal), emitted };
}

async function refuseTypeErrors(tree: string, { evaluation }: AuthoredFleet, changes: readonly FileChange[]) {
  const changed = changes.flatMap(({ path, after }) => (after !== null && path.endsWith(".ts") ? [path] : []));
  const work = { kind: "phase", what: "check types", isBusy: true } as const;
  const errors = await traced(work, async () => typeErrors(tree, ["fleet.ts", ...evaluation.files], changed));
  const [first] = errors;
  if (first === undefined) return;
  throw new AuthoringError({
    summary: `${first.file}: would not compile`,
    expected: "files without type errors",
    found: errors.map(({ file, line, message }) => `${file}:${line}: ${message}`).join("\n"),
    at: `${first.file}:${first.line}`,
    fix: "correct the file first where the error was there before (npx tsc -p .); nothing was written",
  });
}

/** @returns false: what is committed was out of date before. */
async function emit(draft: Draft, before: AuthoredFleet, after: AuthoredFleet): Promise<boolean> {
  if (draft.read("flake.nix") === undefined) return true; // nobody asked for an emission
  try {
    const stale = await checkEmission(draft.root, emitFleet(before.evaluation));
    if (stale.length > 0) return false;
  } catch (error) {
    if (error instanceof EmissionConflictError) return true; // a flake of somebody else's
    if (error instanceof FleetError || error instanceof FleetErrors) return false; // it could not be emitted before either
    throw error;
  }
  for (const [path, text] of emitFleet(after.evaluation)) draft.write(path, text);
  return true;
}

async function newFindings(before: AuthoredFleet, after: AuthoredFleet, signal: AbortSignal): Promise<Finding[]> {
  const [known, found] = await Promise.all([before, after].map((fleet) => findingsOf(fleet, signal)));
  const key = ({ rule, subject, message }: Finding): string => [rule, subject.kind, subject.name, message].join("\0");
  const all = new Set(known?.map(key));
  // The copy still has the fleet.d.ts of before: whether it goes along is decided beside this.
  const isNew = (finding: Finding): boolean => finding.suppressed === null && !all.has(key(finding));
  return (found ?? []).filter((finding) => isNew(finding) && finding.rule !== staleTypes.id);
}

async function findingsOf(fleet: AuthoredFleet, signal: AbortSignal): Promise<readonly Finding[]> {
  const { context, suppressions } = await fleetContext(fleet, new Map(), signal);
  return runChecks(context, suppressions);
}
