import { Command } from "commander";
import { renderModel } from "../clan/render-model.ts";
import { progressOn } from "./progress.ts";
import { readChosenFleet, sourceOfProject } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet show`. Exit 0: shown; 1: the fleet could not be read; 2: wrong usage; 130: interrupted. */
export function showCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("show")
    .description("show the fleet: machines, namespaces, service instances; builds nothing, connects to no host")
    .option("--json", "the fleet model as JSON (schema 1)", false)
    .action(async ({ json }: { json: boolean }, command: Command) => {
      const source = await sourceOfProject(command);
      const { model } = await readChosenFleet(command, source, undefined, progressOn(terminal, false), signal);
      terminal.answer(json ? JSON.stringify(model, null, 2) : renderModel(model));
    });
}
