import { Command } from "commander";
import type { Terminal } from "./terminal.ts";
import { varsCheckCommand } from "./vars/check.ts";
import { varsGenerateCommand } from "./vars/generate.ts";

/** `fleet vars`: the clan's secrets and other generated files. */
export function varsCommand(terminal: Terminal, signal: AbortSignal): Command {
  const command = new Command("vars").description("the clan's vars: what is missing, and generating it");
  for (const one of [varsCheckCommand(terminal, signal), varsGenerateCommand(terminal, signal)])
    command.addCommand(one.exitOverride());
  return command;
}
