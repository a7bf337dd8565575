import { FleetError } from "../errors.ts";
import { machineType, nameOf, type StackState, type StateResource } from "./stack-state.ts";

/** A machine cannot be moved to another stack as things stand. */
export class MoveError extends FleetError {
  readonly code = "FLEET_MOVE";
}

/** What brings a machine's resources from one state into another. */
export type Move =
  /** Nothing is done yet: the machine's component, whose children go with it. */
  | { readonly kind: "move"; readonly urn: string; readonly resources: readonly string[] }
  /** A move ended half way, both states have the machine: what is left in the source, children first. */
  | { readonly kind: "finish"; readonly resources: readonly string[] }
  /** Only the destination has it. */
  | { readonly kind: "done" };

/**
 * Decides what is left to do; touches nothing.
 * @param source - undefined: no other stack has the machine.
 * @throws {MoveError} neither has it, an update is unfinished, or both have it and mean different things.
 */
export function planMove(machine: string, source: StackState | undefined, destination: StackState): Move {
  const there = machineResources(machine, destination);
  const here = source === undefined ? [] : machineResources(machine, source);
  const [component] = here;
  if (source === undefined || component === undefined) {
    if (there.length > 0) return { kind: "done" };
    throw nowhere(machine, destination);
  }
  for (const state of [source, destination]) if (state.pending > 0) throw unfinished(machine, state);
  const resources = here.map(({ urn }) => urn);
  if (there.length === 0) return { kind: "move", urn: component.urn, resources };
  const other = here.find((one) => !there.some((two) => isSame(one, two)));
  if (other !== undefined) throw inBoth(machine, other, source, destination);
  return { kind: "finish", resources: resources.toReversed() };
}

/** Whether a stack's state has the machine. */
export function hasMachine(machine: string, state: StackState): boolean {
  return machineResources(machine, state).length > 0;
}

/** The machine's component and everything below it, parents first, as a state lists them. */
function machineResources(machine: string, { resources }: StackState): StateResource[] {
  const component = resources.find(({ type, urn }) => type === machineType && nameOf(urn) === machine);
  if (component === undefined) return [];
  const found = new Set([component.urn]);
  const below = resources.filter(({ urn, parent, type }) => {
    const isBelow = parent !== undefined && found.has(parent) && !type.startsWith("pulumi:providers:");
    if (isBelow) found.add(urn);
    return isBelow;
  });
  return [component, ...below];
}

/** A copy in another stack has another URN: type, name, and what the provider calls it remain. */
function isSame(left: StateResource, right: StateResource): boolean {
  return left.type === right.type && nameOf(left.urn) === nameOf(right.urn) && left.id === right.id;
}

function nowhere(machine: string, { stack }: StackState): MoveError {
  return new MoveError({
    summary: `${machine}: no stack's state has it`,
    expected: "a machine that an update has deployed",
    found: `neither ${stack} nor another stack that could be read has a resource for it`,
    at: `stack ${stack}`,
    fix: `deploy it from ${stack}: pulumi up --stack ${stack}`,
  });
}

function unfinished(machine: string, { stack, pending }: StackState): MoveError {
  return new MoveError({
    summary: `${machine}: stack ${stack} has an update that was interrupted`,
    expected: "a state without pending operations",
    found: `${pending} pending`,
    at: `stack ${stack}`,
    fix: `end it first: pulumi up --stack ${stack}`,
  });
}

function inBoth(machine: string, { urn, id }: StateResource, source: StackState, destination: StackState): MoveError {
  return new MoveError({
    summary: `${machine}: stacks ${source.stack} and ${destination.stack} both have it, and differ`,
    expected: `every resource of ${source.stack}'s in ${destination.stack}, as a move that was interrupted leaves them`,
    found: `${urn}${id === undefined ? "" : `, id ${id}`}: not in ${destination.stack}`,
    at: `stack ${source.stack}`,
    fix: "look at both (pulumi stack --show-ids --stack …) and take the wrong one out with `pulumi state delete`",
  });
}
