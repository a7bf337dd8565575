#!/usr/bin/env node
import { CommanderError } from "commander";
import { FleetError, FleetErrors } from "../errors.ts";
import { fleetCommand } from "./fleet-command.ts";
import { joinPairs } from "./source-options.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

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
