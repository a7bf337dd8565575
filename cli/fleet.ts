#!/usr/bin/env node
import { CommanderError } from "commander";
import { traceWork, wantsTrace } from "../stack/debug-trace.ts";
import { explainError } from "../stack/explain-error.ts";
import { fleetCommand } from "./fleet-command.ts";
import { joinPairs } from "./source-options.ts";
import { StillTelling } from "./still-telling.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** Runs one command. Exit 0: done; 1: it failed; 2: wrong usage; 130: interrupted. */
async function main(argv: readonly string[], terminal: Terminal): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  try {
    const fleet = await fleetCommand(argv, terminal, interrupted.signal);
    await fleet.parseAsync(joinPairs(argv), { from: "user" });
  } catch (error) {
    terminal.exitCode = interrupted.signal.aborted ? 130 : failure(error, terminal);
  }
}

function failure(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has already said why
  terminal.tell(explainError(error, { how: "--debug", debug: terminal.debug === true }), "error");
  return 1;
}

/** What stands behind `--` is somebody else's. */
function wantsDebug(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return wantsTrace() || (end === -1 ? argv : argv.slice(0, end)).includes("--debug");
}

async function run(argv: readonly string[]): Promise<void> {
  const debug = wantsDebug(argv);
  using still = new StillTelling(process.stderr);
  const terminal = still.around(processTerminal({ debug }));
  using _trace = debug ? traceWork((line) => terminal.tell(line)) : undefined;
  await main(argv, terminal);
  process.exitCode = terminal.exitCode;
}

await run(process.argv.slice(2));
