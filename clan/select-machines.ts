import { nearestNames } from "../composition/nearest.ts";
import { throwGathered } from "../errors.ts";
import { StackConfigError } from "./stack-config.ts";

/** What selection needs to know of the machines, by name. */
export type SelectableMachines = Readonly<Record<string, { readonly tags: readonly string[] }>>;

/**
 * The machines that a stack owns, in the fleet's order.
 * @param selectors - `name`, `tag:<tag>`, or either with a leading `!`; undefined: all. Only exclusions: all but those.
 * @param file - where they are stated, for messages, and `key` the place in it.
 * @throws {StackConfigError} for a name or tag that no machine has.
 */
export function selectMachines(
  machines: SelectableMachines,
  selectors: readonly string[] | undefined,
  file: string,
  key = "pulumi-clan:machines",
): string[] {
  const all = Object.entries(machines).map(([name, { tags }]) => ({ name, tags }));
  if (selectors === undefined) return all.map(({ name }) => name);
  throwGathered(selectors.flatMap((selector) => unknownSelector(selector, all, `${file}: ${key}`)));
  const included = selectors.filter((selector) => !selector.startsWith("!"));
  const excluded = selectors.filter((selector) => selector.startsWith("!")).map((selector) => selector.slice(1));
  return all
    .filter((machine) => included.length === 0 || included.some((selector) => matches(machine, selector)))
    .filter((machine) => !excluded.some((selector) => matches(machine, selector)))
    .map(({ name }) => name);
}

interface TaggedMachine {
  readonly name: string;
  readonly tags: readonly string[];
}

function matches(machine: TaggedMachine, selector: string): boolean {
  return selector.startsWith("tag:") ? machine.tags.includes(selector.slice(4)) : machine.name === selector;
}

function unknownSelector(selector: string, machines: readonly TaggedMachine[], at: string): StackConfigError[] {
  const positive = selector.replace(/^!/, "");
  if (machines.some((machine) => matches(machine, positive))) return [];
  const byTag = positive.startsWith("tag:");
  const known = byTag
    ? [...new Set(machines.flatMap((machine) => machine.tags))].sort()
    : machines.map((machine) => machine.name);
  const near = nearestNames(byTag ? positive.slice(4) : positive, known)[0];
  return [
    new StackConfigError({
      summary: `${at} names ${byTag ? "a tag that no machine carries" : "no machine of the fleet"}`,
      expected: `one of ${known.join(", ")}`,
      found: selector,
      at,
      fix: near === undefined ? "remove it, or add the machine to the fleet" : `write "${byTag ? "tag:" : ""}${near}"`,
    }),
  ];
}
