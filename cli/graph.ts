import { isAbsolute } from "node:path";
import { Command, Option } from "commander";
import { adoptedRoot } from "../clan/checks/adopted-context.ts";
import { findNode, type Places } from "../clan/graph/find-node.ts";
import type { FleetGraph } from "../clan/graph/fleet-graph.ts";
import { onlyMachine } from "../clan/graph/follow.ts";
import { renderHtml } from "../clan/graph/html/render-html.ts";
import { readGraph } from "../clan/graph/read-graph.ts";
import { renderDot, renderMermaid } from "../clan/graph/render-graph.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { progressOn } from "./progress.ts";
import { readChosenFleet, sourceOfProject } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

const renderers = {
  json: (graph: FleetGraph) => JSON.stringify(graph, null, 2),
  dot: renderDot,
  mermaid: renderMermaid,
  html: renderHtml,
} as const;
type Format = keyof typeof renderers;

/** The graph of the fleet that the command line names. */
export interface ReadGraph {
  readonly fleet: Fleet;
  readonly graph: FleetGraph;
  readonly places: Places;
}

/** Reads fleet and graph as every command about the wiring does. */
export async function readChosenGraph(command: Command, terminal: Terminal, signal: AbortSignal): Promise<ReadGraph> {
  const report = progressOn(terminal, false);
  const fleet = await readChosenFleet(command, await sourceOfProject(command), undefined, report, signal);
  return { fleet, graph: await readGraph(fleet, report, signal), places: placesOf(fleet) };
}

/** Where the paths that somebody names are looked for. */
export function placesOf(fleet: Fleet): Places {
  const root = fleet.kind === "authored" ? fleet.evaluation.root : adoptedRoot(fleet.flake.settings.tree);
  return { root: isAbsolute(root) ? root : null, current: process.cwd() };
}

/** `fleet graph`. Exit 0: shown; 1: the fleet could not be read, or has no such machine; 2: wrong usage; 130: interrupted. */
export function graphCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("graph")
    .description("show the wiring: machines, tags, roles, services, entries, overlays, files; builds nothing")
    .option("--machine <machine>", "only what this machine gets")
    .addOption(
      new Option("--format <format>", "for programs, Graphviz, Markdown, a browser")
        .choices(Object.keys(renderers))
        .default("json"),
    )
    .action(async ({ machine, format }: { machine?: string; format: Format }, command: Command) => {
      const { graph, places } = await readChosenGraph(command, terminal, signal);
      const shown =
        machine === undefined ? graph : onlyMachine(graph, findNode(graph, machine, ["machine"], places).name);
      for (const name of shown.overlaysNotRead)
        terminal.tell(`${name}: which packages this overlay touches is not known without its inputs`);
      terminal.answer(renderers[format](shown));
    });
}
