import { Command } from "commander";
import { readFleet } from "../clan/read-fleet.ts";
import { renderModel } from "../clan/render-model.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet show`. Exit 0: shown; 1: the fleet could not be read; 2: wrong usage. */
export function showCommand(terminal: Terminal): Command {
  return new Command("show")
    .description("show the fleet: machines, namespaces, service instances; builds nothing, connects to no host")
    .option("--json", "the fleet model as JSON (schema 1)", false)
    .action(async ({ json }: { json: boolean }, command: Command) => {
      const { model } = await readFleet(command.optsWithGlobals<{ dir: string }>().dir);
      terminal.answer(json ? JSON.stringify(model, null, 2) : renderModel(model));
    });
}
