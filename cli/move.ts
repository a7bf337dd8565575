import { Command } from "commander";
import { moveMachine, type PlannedMove, readMove } from "../stack/move-machine.ts";
import { readStackFile } from "../stack/read-stack-file.ts";
import { leftBehind, requireOwner } from "../stack/require-owner.ts";
import { confirmed } from "./confirm.ts";
import { progressOn } from "./progress.ts";
import { readChosenFleet } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

interface Options {
  readonly to: string;
  readonly from?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly dir: string;
}

/** `fleet move`. Exit 0: the machine's resources are in the stack; 1: they are not; 2: wrong usage; 130: interrupted. */
export function moveCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("move")
    .description("move a machine's resources into another stack's state; contacts no host and no cloud")
    .argument("<machine>", "name of the machine")
    .requiredOption("--to <stack>", "stack that shall have it; its file says so already")
    .option("--from <stack>", "stack whose state has it; default: whichever other one does")
    .option("--dry-run", "only say what would be moved", false)
    .option("--yes", "do not ask", false)
    .action(async (machine: string, options: Options, command: Command) => {
      const { dir, to, from } = command.optsWithGlobals<Options>();
      if (to === from)
        command.error(`error: ${machine} is moved from ${from} to ${to}: name two stacks`, { exitCode: 2 });
      const destination = await readStackFile(dir, { name: to });
      const report = progressOn(terminal, false);
      const { model } = await readChosenFleet(command, destination.config, undefined, report, signal);
      if (!Object.hasOwn(model.machines, machine))
        command.error(`error: the fleet has no machine ${machine}`, { exitCode: 2 });
      const request = { root: dir, machine, to, from };
      const planned = await readMove(request, signal);
      const source = planned.from === null ? undefined : await readStackFile(dir, { name: planned.from });
      requireOwner(machine, model.machines, destination, source);
      for (const line of describe(machine, to, planned)) terminal.tell(line);
      for (const key of leftBehind(machine, destination, source))
        terminal.tell(`${source?.file} has ${key}, ${destination.file} has not: write it there, too`);
      if (planned.move.kind === "done" || options.dryRun) return;
      if (!(await confirmed(`Move ${machine} from stack ${planned.from} to ${to}?`, options, command, signal))) {
        terminal.exitCode = 1;
        return;
      }
      await moveMachine(request, planned, signal);
      terminal.answer(`${machine} is in stack ${to}; its host is not touched until: pulumi up --stack ${to}`);
    });
}

function describe(machine: string, to: string, { from, move }: PlannedMove): string[] {
  switch (move.kind) {
    case "move":
      return [`${machine}: from stack ${from} to ${to}:`, ...move.resources.map((urn) => `  ${urn}`)];
    case "finish":
      return [
        `${machine}: a move from stack ${from} to ${to} was interrupted; to be taken out of ${from}:`,
        ...move.resources.map((urn) => `  ${urn}`),
      ];
    case "done":
      return [`${machine}: in stack ${to}, nothing to move`];
  }
}
