import type { Command } from "commander";
import type { FleetModel } from "../clan/fleet-model.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { selectMachines } from "../clan/select-machines.ts";
import { withVarsOf } from "../stack/open-fleet.ts";
import { type OwnedMachine, planMachines } from "../stack/owned-machines.ts";
import { PulumiCliError, readDecryptedConfig } from "../stack/pulumi-cli.ts";
import { readStackFile, type StackOnDisk, withDecrypted } from "../stack/read-stack-file.ts";
import { progressOn } from "./progress.ts";
import { readChosenFleet } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

/** Which stack a command works on. */
export interface StackOptions {
  readonly stack?: string;
  readonly configFile?: string;
}

/** Adds the options by which a command finds its stack. */
export function withStackOptions(command: Command): Command {
  return command
    .option("--stack <name>", "stack whose configuration counts; default: PULUMI_STACK, the only one, or local")
    .option("--config-file <file>", "read another file than Pulumi.<stack>.yaml");
}

/** A fleet with the stack and machines that a command was called for. */
export interface ChosenMachines {
  readonly fleet: Fleet;
  readonly stack: StackOnDisk;
  /** Those that were named, in the fleet's order; without names all of the stack. */
  readonly machines: readonly OwnedMachine[];
}

/**
 * A stack as its files state it. Its secrets are Pulumi's to decrypt: only where it has some, its CLI is asked, and where
 * that cannot tell, they are named and left out, so that a command works when the state cannot be had.
 * @throws {StackConfigError}
 */
export async function readStack(
  { dir, stack: stated, configFile }: StackOptions & { readonly dir: string },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<StackOnDisk> {
  const name = stated ?? (process.env["PULUMI_STACK"] || undefined);
  const stack = await readStackFile(dir, { name, file: configFile });
  if (stack.secretKeys.length === 0) return stack;
  try {
    return withDecrypted(stack, await readDecryptedConfig({ root: dir, name: stack.name, configFile }, signal));
  } catch (error) {
    if (!(error instanceof PulumiCliError)) throw error;
    for (const key of stack.secretKeys)
      terminal.tell(`${stack.file}: ${key} is a secret that could not be decrypted: ${error.facts.found}`);
    return stack;
  }
}

/**
 * Reads fleet and stack without a run of Pulumi.
 * @param selectors - names or `tag:<tag>`; a machine of another stack is refused: its owner is that stack.
 * @throws {FleetError} @throws {CommanderError} wrong usage
 */
export async function chooseMachines(
  command: Command,
  selectors: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ChosenMachines> {
  const options = command.optsWithGlobals<StackOptions & { dir: string }>();
  const stated = await readStack(options, terminal, signal);
  const chosen = ({ machines }: FleetModel): readonly string[] =>
    selectors.length === 0
      ? selectMachines(machines, stated.config.machines, stated.file)
      : selectMachines(machines, selectors, `fleet ${command.name()}`, "argument");
  const fleet = await readChosenFleet(command, stated.config, chosen, progressOn(terminal, false), signal);
  const stack = withVarsOf(fleet, stated);
  const owned = selectMachines(fleet.model.machines, stack.config.machines, stack.file);
  const named = chosen(fleet.model);
  const foreign = named.filter((machine) => !owned.includes(machine));
  if (foreign.length > 0) {
    const known = `${stack.file}: ${owned.join(", ") || "none"}`;
    const message = `error: ${foreign.join(", ")}: not of stack ${stack.name} (${known}); name theirs with --stack`;
    command.error(message, { exitCode: 2 });
  }
  return { fleet, stack, machines: planMachines(fleet.model, named, stack) };
}
