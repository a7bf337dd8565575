import { type SelectableMachines, selectMachines } from "../clan/select-machines.ts";
import { throwGathered } from "../errors.ts";
import { MoveError } from "./plan-move.ts";
import type { Stack } from "./stack.ts";

/**
 * The committed files say whose a machine is, and the states follow them: moved before, the next `up` of one stack would
 * forget the machine and that of the other declare it anew.
 * @throws {MoveError} gathered: the destination does not have it yet, the source has it still.
 */
export function requireOwner(machine: string, machines: SelectableMachines, to: Stack, from: Stack | undefined): void {
  const owns = ({ config, file }: Stack): boolean => selectMachines(machines, config.machines, file).includes(machine);
  throwGathered([
    ...(owns(to) ? [] : [notIn(machine, to)]),
    ...(from !== undefined && owns(from) ? [stillIn(machine, from)] : []),
  ]);
}

/** What the source's file says of the machine and the destination's does not, as paths of keys. */
export function leftBehind(machine: string, to: Stack, from: Stack | undefined): string[] {
  const has = (record: Readonly<Record<string, unknown>> | undefined): boolean =>
    record !== undefined && Object.hasOwn(record, machine);
  return (["hosts", "nodes"] as const)
    .filter((key) => has(from?.config[key]) && !has(to.config[key]))
    .map((key) => `pulumi-clan:${key}.${machine}`);
}

function notIn(machine: string, { name, file }: Stack): MoveError {
  return new MoveError({
    summary: `${file} does not have ${machine}`,
    expected: `stack ${name} to own it, by name or by tag`,
    found: "pulumi-clan:machines leaves it out",
    at: `${file}: pulumi-clan:machines`,
    fix: `add "${machine}"`,
  });
}

function stillIn(machine: string, { name, file }: Stack): MoveError {
  return new MoveError({
    summary: `${file} still has ${machine}`,
    expected: `stack ${name} not to own it: a machine belongs to one stack`,
    found: "pulumi-clan:machines includes it",
    at: `${file}: pulumi-clan:machines`,
    fix: `remove it, or add "!${machine}"`,
  });
}
