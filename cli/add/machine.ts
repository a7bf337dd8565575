import { Command, Option } from "commander";
import { machineHabits } from "../../clan/authoring/machine-habits.ts";
import { planMachine } from "../../clan/authoring/plan-machine.ts";
import { machineOf } from "../../clan/checks/machines.ts";
import { type MachineClass, machineClassSchema } from "../../clan/fleet-model.ts";
import type { Terminal } from "../terminal.ts";
import { checkTarget, usage } from "../usage.ts";
import { type AuthorOptions, author, lacking, listed, readAuthored, withAuthorOptions } from "./author.ts";

interface Options extends AuthorOptions {
  readonly class?: MachineClass;
  readonly system?: string;
  readonly tags?: readonly string[];
  readonly targetHost?: string;
  readonly description?: string;
  readonly import?: readonly string[];
  readonly user?: readonly string[];
  readonly stateVersion?: string;
  readonly stack?: string;
}

/** `fleet add machine`. Exit 0: added, or there already; 1: it cannot be; 2: wrong usage; 130: interrupted. */
export function addMachineCommand(terminal: Terminal, signal: AbortSignal): Command {
  const machine = new Command("machine")
    .description("a module for the machine, its place in the registry and in the inventory")
    .argument("<name>", "host name of the machine")
    .addOption(new Option("--class <class>", "what builds it").choices(machineClassSchema.options))
    .addOption(
      listed("--tags <tags>", "labels by which it gets roles, with commas; default: those that its class shares"),
    )
    .addOption(
      new Option("--target-host <target>", "[user@]host[:port]; default: as the others of its class have it").argParser(
        usage(checkTarget),
      ),
    )
    .option("--system <platform>", "e.g. x86_64-linux; default: the most frequent one of its class")
    .option("--description <text>", "what it is, for people")
    .addOption(listed("--import <entries>", "<class>/<entry>; default: what all others of its class import"))
    .addOption(listed("--user <names>", "who has a home and an account; default: who has on all others of its class"))
    .option("--state-version <release>", "nixos: with which it is installed; default: the newest in the fleet")
    .option("--stack <stack>", "adds it to the machines of Pulumi.<stack>.yaml, where the stack names them")
    .action(async (name: string, options: Options, command: Command) => {
      const fleet = await readAuthored(command);
      const known = machineOf(fleet.model, name);
      const machineClass =
        options.class ??
        known?.class ??
        machineClassSchema.parse(await lacking("nixos or darwin?", "--class", command, signal));
      const usual = known?.targetHost ?? machineHabits(fleet, machineClass).targetHost;
      const question = "where does its SSH server answer, [user@]host[:port]?";
      const targetHost =
        options.targetHost ??
        (usual === null ? checkTarget(await lacking(question, "--target-host", command, signal)) : undefined);
      const { class: _class, import: imports, user: users, dryRun, json, anyway, ...stated } = options;
      const plan = planMachine(fleet, { ...stated, name, class: machineClass, targetHost, imports, users });
      await author(fleet, plan, `${name} is in the fleet already`, { dryRun, json, anyway }, terminal, signal);
    });
  return withAuthorOptions(machine);
}
