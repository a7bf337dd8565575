import { Command } from "commander";
import { findNode } from "../clan/graph/find-node.ts";
import { nodeKinds } from "../clan/graph/fleet-graph.ts";
import { GraphWalk } from "../clan/graph/follow.ts";
import { impactDocument, renderImpact } from "../clan/graph/render-chains.ts";
import { exactImpact } from "./exact-impact.ts";
import { readChosenGraph } from "./graph.ts";
import { withStackOptions } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface Options {
  readonly json: boolean;
  readonly exact: boolean;
  readonly before: string;
  readonly after?: string;
}

/**
 * `fleet impact`. Exit 0: answered; 1: nothing is called so, the fleet could not be read, or with `--exact` a machine does
 * not evaluate; 2: wrong usage; 130: interrupted.
 */
export function impactCommand(terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("impact")
    .description("show which machines a change reaches: may reach, by imports, or with --exact does; builds nothing")
    .argument(
      "[thing]",
      "a file, entry, tag, instance, role, overlay or package; <kind>:<name> where that is not clear",
    )
    .option("--json", "the answer as JSON", false)
    .option("--exact", "evaluate the stack's machines before and after, and compare their systems", false)
    .option("--before <state>", "with --exact: a revision of git, or a folder", "HEAD")
    .option("--after <state>", "with --exact: the same (default: the fleet as it is now)")
    .action(async (thing: string | undefined, { json, exact, after }: Options, own: Command) => {
      if (exact) return exactImpact(thing, own, terminal, signal);
      if (thing === undefined) own.error("error: name a thing, or compare two states with --exact", { exitCode: 2 });
      if (after !== undefined || own.getOptionValueSource("before") === "cli")
        own.error("error: --before, --after: only with --exact", { exitCode: 2 });
      const { fleet, graph, places } = await readChosenGraph(own, terminal, signal);
      const target = findNode(graph, thing, nodeKinds, places);
      const machines = new GraphWalk(graph).impact(target.id);
      const answer = { target, machines, total: Object.keys(fleet.model.machines).length };
      terminal.answer(json ? JSON.stringify(impactDocument(answer), null, 2) : renderImpact(answer));
    });
  return withStackOptions(command);
}
