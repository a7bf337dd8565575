#!/usr/bin/env node
import path from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { confirmed } from "../cli/confirm.ts";
import { progressOn } from "../cli/progress.ts";
import { readConnection } from "../cli/push.ts";
import { renderTable } from "../cli/render-table.ts";
import { processTerminal, type Terminal } from "../cli/terminal.ts";
import { checkTarget, usage } from "../cli/usage.ts";
import { parseHostKey } from "../deploy/ssh/host-key.ts";
import { FleetError, FleetErrors } from "../errors.ts";
import { startInterrupts } from "./interrupts.ts";
import { type AcceptanceReport, isAccepted, renderSummary } from "./render-report.ts";
import { rows } from "./rows.ts";
import { type AcceptancePlan, planAcceptance, runAcceptance } from "./run-acceptance.ts";
import { writeReport } from "./write-report.ts";

interface Options {
  readonly host: string;
  readonly darwin: boolean;
  readonly identity?: string;
  readonly hostKey?: string;
  readonly label?: string;
  readonly only: readonly string[];
  readonly reboots: boolean;
  readonly out: string;
  readonly yes: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
}

function acceptanceCommand(terminal: Terminal): Command {
  return new Command("acceptance")
    .description(
      "tries the fault table on ONE disposable machine that runs NixOS or nix-darwin, and leaves it as it was found",
    )
    .requiredOption("--host <[user@]host[:port]>", "the machine; ~/.ssh/config is read", usage(checkTarget))
    .option("--darwin", "it is a Mac", false)
    .option("--identity <file>", "private key; alone then, with the agent's")
    .option("--host-key <key>", "its public key, `ssh-ed25519 AAAA…` (default: known_hosts)", usage(parseHostKey))
    .option("--label <name>", "how the report calls it (default: its host name)")
    .option("--only <step>", `only this step; may be repeated: ${rows.map(({ id }) => id).join(", ")}`, toSteps, [])
    .option("--no-reboots", "leave out what reboots it")
    .option("--out <folder>", "where the report goes", path.join(import.meta.dirname, "..", "docs", "acceptance"))
    .option("--yes", "do not ask", false)
    .option("--verbose", "also what activation scripts print", false)
    .option("--json", "the report as JSON on stdout", false)
    .addHelpText(
      "after",
      "\nExit 0: accepted, and as it was found; 1: not; 2: wrong usage; 130: interrupted, and as it was found.",
    )
    .exitOverride()
    .action(async (options: Options, command: Command) => accept(options, command, terminal));
}

async function accept(options: Options, command: Command, terminal: Terminal): Promise<void> {
  using interrupts = startInterrupts((line) => terminal.tell(line));
  const { signal } = interrupts;
  const report = progressOn(terminal, options.verbose);
  const connection = await readConnection(options, undefined, signal);
  const { label, only, reboots } = options;
  const machineClass = options.darwin ? "darwin" : "nixos";
  const request = {
    connection,
    class: machineClass,
    only,
    reboots,
    ...(label === undefined ? {} : { label }),
  } as const;
  const plan = await planAcceptance(request, report, signal).catch((error: unknown) => {
    if (signal.aborted) return undefined; // nothing was changed
    throw error;
  });
  if (plan === undefined) {
    terminal.exitCode = 130;
    return;
  }
  tellPlan(plan, terminal);
  if (!options.yes && !process.stdin.isTTY)
    command.error("error: nobody can be asked here, and every step changes the host: say --yes", { exitCode: 2 });
  const ask = (row: { readonly id: string; readonly does: string }): Promise<boolean> =>
    confirmed(`${row.id}: ${row.does}. Go on?`, options, command, signal).catch((error: unknown) => {
      if (signal.aborted) return false;
      throw error;
    });
  const tell = (line: string): void => terminal.tell(`acceptance: ${line}`);
  const onRestore = (): AbortSignal => interrupts.restoring();
  const result = await runAcceptance(request, plan, { ask, tell, report, onRestore }, signal);
  terminal.answer(options.json ? JSON.stringify(result, null, 2) : renderResult(result));
  // A page about nothing tells nobody anything.
  const { passed, failed } = result.summary;
  if (passed + failed > 0) terminal.tell(`the report: ${await writeReport(result, options.out)}`);
  if (result.restored.status === "failed") terminal.tell(`\n${result.restored.why}`);
  terminal.exitCode = signal.aborted && result.restored.status === "as found" ? 130 : isAccepted(result) ? 0 : 1;
}

function tellPlan({ target, rows: planned, leftByEarlierRun }: AcceptancePlan, terminal: Terminal): void {
  terminal.tell(
    renderTable(
      ["the host", ""],
      Object.entries(target.description).map(([key, value]) => [key, value]),
    ),
  );
  for (const unit of target.deployers) terminal.tell(`warning: ${unit} is active there and may deploy at any time`);
  if (leftByEarlierRun)
    terminal.tell("an earlier run was cut off here: the host will be put back to what that one found, first");
  terminal.tell("\nwhat would be done, one after the other; afterwards the host is put back to how it was found:");
  const lines = planned.map(({ row, skipped }) => [
    row.id,
    skipped === undefined ? row.does : `(left out: ${skipped})`,
  ]);
  terminal.tell(renderTable(["step", ""], lines));
}

function renderResult(report: AcceptanceReport): string {
  const lines = report.rows.map((row) => [
    row.id,
    row.status,
    row.status === "skipped" ? "" : row.seconds.toFixed(1),
    row.status === "skipped" ? row.reason : row.seen,
  ]);
  return `${renderTable(["step", "result", "seconds", ""], lines)}\n${renderSummary(report)}`;
}

function toSteps(id: string, before: readonly string[]): readonly string[] {
  if (rows.some((row) => row.id === id)) return [...before, id];
  throw new InvalidArgumentError(`expected one of ${rows.map((row) => row.id).join(", ")}.`);
}

async function main(terminal: Terminal): Promise<void> {
  try {
    await acceptanceCommand(terminal).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) terminal.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const known = error instanceof FleetError || error instanceof FleetErrors;
      terminal.tell(
        known || !(error instanceof Error)
          ? String(error instanceof Error ? error.message : error)
          : (error.stack ?? error.message),
      );
      terminal.exitCode = 1;
    }
  }
}

const terminal = processTerminal();
await main(terminal);
process.exitCode = terminal.exitCode;
