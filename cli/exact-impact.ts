import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { GraphSubjectError } from "../clan/graph/errors.ts";
import { findNode } from "../clan/graph/find-node.ts";
import { nodeKinds } from "../clan/graph/fleet-graph.ts";
import { GraphWalk } from "../clan/graph/follow.ts";
import { readGraph } from "../clan/graph/read-graph.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { FleetError } from "../errors.ts";
import type { Report } from "../report.ts";
import { compareSystems, type EvaluatedSide, machinesOfEither, type SystemChange } from "../stack/compare-systems.ts";
import { openOther } from "../stack/other-fleet.ts";
import type { Stack } from "../stack/stack.ts";
import { placesOf } from "./graph.ts";
import { progressOn } from "./progress.ts";
import { baseFleet, readChosenFleet } from "./source-options.ts";
import { readStack, type StackOptions } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

export interface ExactOptions extends StackOptions {
  readonly dir: string;
  /** A revision, or a folder. */
  readonly before: string;
  /** Absent: the fleet as it is now. */
  readonly after?: string;
  readonly json: boolean;
}

/**
 * Answers `fleet impact --exact`: evaluates the machines of the stack before and after, and tells which differ.
 * @param thing - only machines that this reaches, before or after.
 */
export async function exactImpact(
  thing: string | undefined,
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const options = command.optsWithGlobals<ExactOptions>();
  const report = progressOn(terminal, false);
  // A flake that is adopted needs no project of Pulumi's; then all of its machines are compared.
  const isProject = existsSync(join(options.dir, "Pulumi.yaml"));
  const stack: Stack | undefined = isProject ? await readStack(options, terminal, signal) : undefined;
  const source = stack?.config ?? {};
  const base = baseFleet(command, source);
  await using before = await openOther(options.before, base, report, signal);
  await using opened = new AsyncDisposableStack();
  const after =
    options.after === undefined
      ? { fleet: await readChosenFleet(command, source, undefined, report, signal), name: "the fleet as it is now" }
      : opened.use(await openOther(options.after, base, report, signal));
  const sides = { before: before.fleet, after: after.fleet };
  const all = machinesOfEither(sides.before.model, sides.after.model, stack);
  const reached = thing === undefined ? undefined : await reachedBy(thing, Object.values(sides), report, signal);
  const wanted = all.filter((machine) => reached?.has(machine) ?? true);
  const changes = await compareSystems(sides, wanted, stack, report, signal);
  const answer = { before: before.name, after: after.name, changes };
  terminal.answer(options.json ? JSON.stringify(exactDocument(answer), null, 2) : renderExact(answer));
  for (const { before: left, after: right } of changes.values())
    for (const side of [left, right]) if (side instanceof FleetError) terminal.tell(side.message);
  terminal.exitCode = [...changes.values()].some(({ change }) => change === "unknown") ? 1 : 0;
}

/** Machines that get a thing before or after; what is new was not there before. */
async function reachedBy(
  thing: string,
  fleets: readonly Fleet[],
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const machines = new Set<string>();
  const failures: FleetError[] = [];
  for (const fleet of fleets) {
    const graph = await readGraph(fleet, report, signal);
    try {
      const { id } = findNode(graph, thing, nodeKinds, placesOf(fleet));
      for (const machine of new GraphWalk(graph).impact(id).keys()) machines.add(machine);
    } catch (error) {
      if (!(error instanceof GraphSubjectError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length === fleets.length) throw failures.at(-1);
  return machines;
}

interface ExactAnswer {
  readonly before: string;
  readonly after: string;
  readonly changes: ReadonlyMap<string, SystemChange>;
}

function renderExact({ before, after, changes }: ExactAnswer): string {
  const width = Math.max(0, ...[...changes.keys()].map((name) => name.length));
  const different = [...changes].filter(([, { change }]) => change !== "same");
  const lines = different.map(([name, one]) => `  ${name.padEnd(width)}  ${describe(one)}`);
  const count =
    different.length === 0 ? "no machine differs" : `machines that differ: ${different.length} of ${changes.size}`;
  return [`${count}, by derivations, from ${before} to ${after}`, ...lines].join("\n");
}

function describe({ change, before, after }: SystemChange): string {
  if (change === "unknown") return "unknown: it does not evaluate";
  if (change === "new" || change === "gone") return change;
  return `${hashOf(before)} → ${hashOf(after)}`;
}

function hashOf(side: EvaluatedSide): string {
  return side === undefined || side instanceof FleetError
    ? "-"
    : side.toplevel.slice("/nix/store/".length, "/nix/store/".length + 7);
}

function exactDocument({ before, after, changes }: ExactAnswer): object {
  const machines = [...changes].map(([name, one]) => {
    return [name, { change: one.change, before: plain(one.before), after: plain(one.after) }] as const;
  });
  return { by: "derivations", before, after, machines: Object.fromEntries(machines) };
}

function plain(side: EvaluatedSide): object | null {
  if (side === undefined) return null;
  return side instanceof FleetError
    ? { problem: side.facts.found }
    : { drvPath: side.drvPath, toplevel: side.toplevel };
}
