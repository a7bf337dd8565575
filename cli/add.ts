import { Command } from "commander";
import { addFeatureCommand } from "./add/feature.ts";
import { addMachineCommand } from "./add/machine.ts";
import { addServiceCommand } from "./add/service.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet add machine|feature|service`: the three workflows of a fleet's authors (docs/authoring.md). */
export function addCommand(terminal: Terminal, signal: AbortSignal): Command {
  const add = new Command("add").description("add a machine, a feature or a service to the files of the fleet");
  for (const make of [addMachineCommand, addFeatureCommand, addServiceCommand])
    add.addCommand(make(terminal, signal).exitOverride());
  return add;
}
