import { Command } from "commander";
import { findNode } from "../clan/graph/find-node.ts";
import { nodeKinds } from "../clan/graph/fleet-graph.ts";
import { GraphWalk } from "../clan/graph/follow.ts";
import { impactDocument, renderImpact } from "../clan/graph/render-chains.ts";
import { readChosenGraph } from "./graph.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet impact`. Exit 0: answered; 1: nothing is called so, or the fleet could not be read; 2: wrong usage; 130: interrupted. */
export function impactCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("impact")
    .description("show which machines a change may reach, by imports; builds nothing, connects to no host")
    .argument(
      "<thing>",
      "a file, entry, tag, instance, role, overlay or package; <kind>:<name> where that is not clear",
    )
    .option("--json", "machines and the shortest way to each as JSON", false)
    .action(async (thing: string, { json }: { json: boolean }, command: Command) => {
      const { fleet, graph, places } = await readChosenGraph(command, terminal, signal);
      const target = findNode(graph, thing, nodeKinds, places);
      const machines = new GraphWalk(graph).impact(target.id);
      const answer = { target, machines, total: Object.keys(fleet.model.machines).length };
      terminal.answer(json ? JSON.stringify(impactDocument(answer), null, 2) : renderImpact(answer));
    });
}
