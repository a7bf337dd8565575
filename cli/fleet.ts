#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { FleetError, FleetErrors } from "../errors.ts";
import { checkCommand } from "./check.ts";
import { configCommand } from "./config.ts";
import { deployCommand } from "./deploy.ts";
import { diffCommand } from "./diff.ts";
import { emitCommand } from "./emit.ts";
import { graphCommand } from "./graph.ts";
import { impactCommand } from "./impact.ts";
import { lockCommand } from "./lock.ts";
import { moveCommand } from "./move.ts";
import { pushCommand } from "./push.ts";
import { rollbackCommand } from "./rollback.ts";
import { showCommand } from "./show.ts";
import { joinPairs, withSourceOptions } from "./source-options.ts";
import { sshCommand } from "./ssh.ts";
import { statusCommand } from "./status.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { whyCommand } from "./why.ts";

function fleetCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withSourceOptions(
    new Command("fleet").description("a fleet of NixOS and nix-darwin machines, composed of deferred modules"),
  )
    .addCommand(showCommand(terminal, signal))
    .addCommand(checkCommand(terminal, signal))
    .addCommand(graphCommand(terminal, signal))
    .addCommand(whyCommand(terminal, signal))
    .addCommand(impactCommand(terminal, signal))
    .addCommand(diffCommand(terminal, signal))
    .addCommand(emitCommand(terminal))
    .addCommand(lockCommand(terminal, signal))
    .addCommand(pushCommand(terminal, signal))
    .addCommand(deployCommand(terminal, signal))
    .addCommand(rollbackCommand(terminal, signal))
    .addCommand(statusCommand(terminal, signal))
    .addCommand(sshCommand(terminal, signal))
    .addCommand(moveCommand(terminal, signal))
    .addCommand(configCommand(terminal))
    .exitOverride()
    .showHelpAfterError("(fleet --help lists the commands)");
}

/** Runs one command. Exit 0: done; 1: it failed; 2: wrong usage; 130: interrupted. */
async function main(argv: readonly string[], terminal: Terminal): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const fleet = fleetCommand(terminal, interrupted.signal);
  for (const command of fleet.commands) command.exitOverride();
  try {
    await fleet.parseAsync(joinPairs(argv), { from: "user" });
  } catch (error) {
    terminal.exitCode = interrupted.signal.aborted ? 130 : failure(error, terminal);
  }
}

function failure(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has already said why
  if (error instanceof FleetError || error instanceof FleetErrors) {
    terminal.tell(error.message);
    return 1;
  }
  terminal.tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

const terminal = processTerminal();
await main(process.argv.slice(2), terminal);
process.exitCode = terminal.exitCode;
