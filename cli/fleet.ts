#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { FleetError, FleetErrors } from "../errors.ts";
import { loadCommands } from "./commands.ts";
import { packageManifest } from "./package-manifest.ts";
import { joinPairs, withSourceOptions } from "./source-options.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

async function fleetCommand(argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<Command> {
  const fleet = withSourceOptions(
    new Command("fleet").description("a fleet of NixOS and nix-darwin machines, composed of deferred modules"),
  );
  fleet.version(packageManifest().version, "-V, --version", "print the version of pulumi-clan");
  for (const make of await loadCommands(argv)) fleet.addCommand(make(terminal, signal).exitOverride());
  return fleet.exitOverride().showHelpAfterError("(fleet --help lists the commands)");
}

/** Runs one command. Exit 0: done; 1: it failed; 2: wrong usage; 130: interrupted. */
async function main(argv: readonly string[], terminal: Terminal): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const fleet = await fleetCommand(argv, terminal, interrupted.signal);
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
