import { Command } from "commander";
import { findNode } from "../clan/graph/find-node.ts";
import { nodeKinds } from "../clan/graph/fleet-graph.ts";
import { GraphWalk } from "../clan/graph/follow.ts";
import { renderWhy, whyDocument } from "../clan/graph/render-chains.ts";
import { readChosenGraph } from "./graph.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `fleet why`. Exit 0: the machine gets it; 1: it does not, nothing is called so, or the fleet could not be read; 2: wrong
 * usage; 130: interrupted.
 */
export function whyCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("why")
    .description("show the shortest ways by which a machine gets something; builds nothing, connects to no host")
    .argument("<machine>", "name of the machine")
    .argument(
      "<thing>",
      "an entry, file, service, role, tag, overlay or package; <kind>:<name> where that is not clear",
    )
    .option("--json", "every way as JSON", false)
    .action(async (name: string, thing: string, { json }: { json: boolean }, command: Command) => {
      const { graph, places } = await readChosenGraph(command, terminal, signal);
      const machine = findNode(graph, name, ["machine"], places).name;
      const things = nodeKinds.filter((kind) => kind !== "machine");
      const walk = new GraphWalk(graph);
      const target = findNode(graph, thing, things, places, ({ id }) => walk.chains(machine, id).length > 0);
      const chains = walk.chains(machine, target.id);
      const machines = chains.length > 0 && !json ? [] : [...walk.impact(target.id).keys()];
      const answer = { machine, target, chains, machines };
      terminal.answer(json ? JSON.stringify(whyDocument(answer), null, 2) : renderWhy(answer));
      terminal.exitCode = chains.length > 0 ? 0 : 1;
    });
}
