import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Command } from "commander";
import { writeOpensshOptions } from "../deploy/ssh/openssh-options.ts";
import { quoteCommand } from "../deploy/ssh/shell-quote.ts";
import { wayOf } from "../stack/delivery.ts";
import { resolveWay } from "../stack/way-to-host.ts";
import { readWays, withMachineOptions } from "./machine-ways.ts";
import { chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet ssh`. Its exit code is that of the command on the host; 255: no connection; 1, 2: as for every command. */
export function sshCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("ssh")
      .description("log in at a machine, or run a command there, with the address and the pinned key of a deployment")
      .argument("<machine>", "one machine of the stack")
      .argument("[command...]", "after --: one word is a line for the host's shell, several are a program's arguments"),
  ).action(async (name: string, words: readonly string[], _options: unknown, command: Command) => {
    const chosen = await chooseMachines(command, [name], terminal, signal);
    const { machines } = chosen;
    const [owned] = machines;
    if (owned === undefined || machines.length > 1)
      command.error(`error: ${name}: expected one machine of stack ${chosen.stack.name}`, { exitCode: 2 });
    const { machine } = owned;
    const { stack, connections } = await readWays(chosen, machines, command, terminal, signal);
    const connection = connections.get(machine);
    if (connection === undefined) throw new Error(`${machine} has no connection`);
    await using openssh = await writeOpensshOptions(await resolveWay(wayOf(machine, connection, stack)));
    const [line, ...others] = words;
    const remote = line === undefined ? [] : ["--", others.length === 0 ? line : quoteCommand(words)];
    terminal.exitCode = await runSsh([...openssh.args, openssh.destination, ...remote]);
  });
}

/** The terminal sends ^C to ssh too, which takes it to the host; we only wait for its end. */
function runSsh(args: readonly string[]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn("ssh", args, { stdio: "inherit" });
  child.once("error", reject);
  child.once("close", (code, killedBy) =>
    resolve(code ?? (killedBy === null ? 255 : 128 + constants.signals[killedBy])),
  );
  return promise;
}
