import { Command } from "commander";
import { type HistoryEntry, readHistory } from "../deploy/observation/deployments.ts";
import { connect } from "../deploy/ssh/connect.ts";
import { renderStorePath } from "../local-nix/store-path.ts";
import { wayOf } from "../stack/delivery.ts";
import { resolveWay } from "../stack/way-to-host.ts";
import { readWays, withMachineOptions } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import { renderTable } from "./render-table.ts";
import { chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet history`. Exit 0: told; 1: the host cannot be asked; 2: wrong usage. */
export function historyCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("history")
      .description("what was deployed to a host, when, by whom and with what outcome; changes nothing")
      .argument("<machine>", "one machine of the stack")
      .option("--json", "the same as JSON", false),
  ).action(async (name: string, { json }: { readonly json: boolean }, command: Command) => {
    const chosen = await chooseMachines(command, [name], terminal, signal);
    const [owned] = chosen.machines;
    if (owned === undefined || chosen.machines.length > 1 || owned.node?.power === "off")
      command.error(`error: ${name}: expected one machine that is on`, { exitCode: 2 });
    const { stack, connections, sudoPassword } = await readWays(chosen, [owned], command, terminal, signal);
    const connection = connections.get(owned.machine);
    if (connection === undefined) throw new Error(`${owned.machine} has no connection`);
    const way = await resolveWay(wayOf(owned.machine, connection, stack), sudoPassword);
    await using host = await connect(way, progressOn(terminal, false), signal);
    const entries = await readHistory(host, signal);
    terminal.answer(json ? JSON.stringify(entries, null, 2) : renderHistory(entries));
  });
}

/** Newest last. */
export function renderHistory(entries: readonly HistoryEntry[]): string {
  const rows = entries.map(({ at, toplevel, generation, deployment }) => [
    at === 0 ? "" : new Date(at * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
    generation === null ? "" : String(generation),
    renderStorePath(toplevel),
    deployment?.verdict ?? "not by this tool, or not recorded",
    deployment === null ? "" : `${deployment.owner.project}/${deployment.owner.stack} by ${deployment.by}`,
  ]);
  return renderTable(["when", "gen", "system", "outcome", "deployed for"], rows);
}
