import { Command } from "commander";
import { lockFlake } from "../local-nix/lock.ts";
import { progressOn } from "./progress.ts";
import { refuseFlake } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet lock`. Exit 0: flake.lock is there and current; 1: the inputs could not be had; 2: wrong usage. */
export function lockCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("lock")
    .description("write flake.lock for the emitted flake's inputs (needs their hosts to be reachable)")
    .action(async (_options: unknown, command: Command) => {
      refuseFlake(command);
      const root = command.optsWithGlobals<{ dir: string }>().dir;
      await lockFlake(root, progressOn(terminal, false), signal);
      terminal.tell("flake.lock is current");
    });
}
