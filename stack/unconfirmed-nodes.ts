import type { FleetModel, NodeModel } from "../clan/fleet-model.ts";
import { StackConfigError } from "../clan/stack-config.ts";
import { type KnownNode, lastPart } from "./known-nodes.ts";
import type { Stack } from "./stack.ts";

type Nodes = Pick<FleetModel, "nodes" | "machines">;

/** What an update would do to a node's disk, and why. */
interface Loss {
  readonly machine: string;
  /** `galena is absent`. */
  readonly why: string;
  readonly how: "deleted" | "replaced";
  /** What leaves the disk where it is. */
  readonly instead: string;
  readonly project: string;
  readonly diskSizeGb: number | undefined;
  readonly isProtected: boolean;
}

/**
 * Nodes that an update would delete or replace, with their disks, and that nobody named for it; and those that Google would
 * refuse to delete, half way through.
 * @param selected - machines of the stack
 * @param known - VMs that the stack's state has; undefined: it cannot be told, then every absent node is asked about
 * @returns one error per node; none for a node that was never made, which has nothing to lose
 */
export function unconfirmedNodes(
  model: Nodes,
  selected: readonly string[],
  stack: Stack,
  known: ReadonlyMap<string, KnownNode> | undefined,
): readonly StackConfigError[] {
  const losses =
    known === undefined
      ? selected.flatMap((machine) => absentUnseen(machine, model, stack))
      : [...known].flatMap(([machine, vm]) => lossOf(machine, vm, model, selected, stack));
  return losses.flatMap((loss) => {
    if (loss.isProtected) return [protectedError(loss, stack)];
    return stack.config.nodes?.[loss.machine]?.confirmDestroy === loss.machine ? [] : [unconfirmedError(loss, stack)];
  });
}

function absentUnseen(machine: string, { nodes }: Nodes, { config }: Stack): Loss[] {
  const node = byName(nodes, machine);
  if (node === undefined || config.nodes?.[machine]?.power !== "absent") return [];
  const { project, diskSizeGb, deletionProtection: isProtected } = node;
  return [{ machine, ...absent(machine), project, diskSizeGb, isProtected }];
}

function absent(machine: string): Pick<Loss, "why" | "how" | "instead"> {
  return { why: `${machine} is absent`, how: "deleted", instead: "power: off stops the VM and keeps it" };
}

function lossOf(machine: string, vm: KnownNode, model: Nodes, selected: readonly string[], stack: Stack): Loss[] {
  const reason = reasonOf(machine, vm, model, selected, stack);
  if (reason === undefined) return [];
  const { project, diskSizeGb, deletionProtection: isProtected } = vm;
  return [{ machine, ...reason, project, diskSizeGb, isProtected }];
}

function reasonOf(
  machine: string,
  vm: KnownNode,
  { nodes, machines }: Nodes,
  selected: readonly string[],
  { config }: Stack,
): Pick<Loss, "why" | "how" | "instead"> | undefined {
  if (!selected.includes(machine)) {
    const left = byName(machines, machine) === undefined ? "fleet" : "stack";
    const why = `${machine} is no machine of this ${left} any more`;
    return { why, how: "deleted", instead: `power: off stops the VM and keeps it, with ${machine} back in its place` };
  }
  const node = byName(nodes, machine);
  if (node === undefined)
    return { why: `${machine} has no node any more`, how: "deleted", instead: `nodes.${machine} as it was keeps it` };
  const stated = config.nodes?.[machine] ?? {};
  if (stated.power === "absent") return absent(machine);
  const changes = replacingChanges(vm, node, stated.zone);
  if (changes.length === 0) return undefined;
  const instead = "it stays where these are as they were";
  return { why: `${machine}: ${changes.join(", and ")}`, how: "replaced", instead };
}

/** Whether an update makes a new VM, once that is confirmed. */
export function isReplaced(vm: KnownNode, node: NodeModel, zone: string | undefined): boolean {
  return replacingChanges(vm, node, zone).length > 0;
}

/** What Google's provider can do only to a new VM. Source: @pulumi/gcp 9.37, compute/instance.d.ts. */
export function replacingChanges(vm: KnownNode, node: NodeModel, zone: string | undefined): string[] {
  const zones = zone === undefined ? node.zones : [zone];
  const [before, after] = [shown(vm.accelerators), shown(node.accelerators)];
  return [
    ...(vm.project === node.project ? [] : [`its project was ${vm.project} and is ${node.project}`]),
    ...(zones.includes(vm.zone) ? [] : [`${vm.zone} is no candidate any more, only ${zones.join(", ")}`]),
    ...(vm.diskSizeGb === undefined || vm.diskSizeGb === node.diskSizeGb
      ? []
      : [`its disk had ${vm.diskSizeGb} GB and is to have ${node.diskSizeGb}`]),
    ...(before === after ? [] : [`it had ${before} and is to have ${after}`]),
  ];
}

function shown(accelerators: KnownNode["accelerators"]): string {
  return accelerators.map(({ type, count }) => `${count} × ${lastPart(type)}`).join(" and ") || "no GPU";
}

function unconfirmedError(loss: Loss, { name, file, config }: Stack): StackConfigError {
  const { machine } = loss;
  const given = config.nodes?.[machine]?.confirmDestroy;
  const key = `pulumi-clan:nodes.${machine}.confirmDestroy`;
  return new StackConfigError({
    summary: summaryOf(loss),
    expected: `confirmDestroy: ${machine}, for nothing brings the disk back; ${loss.instead}`,
    found: given === undefined ? "no confirmation" : JSON.stringify(given),
    at: `${file}: ${key}`,
    fix: `pulumi config set --path '${key}' ${machine} --stack ${name}, and take it out again afterwards`,
  });
}

/** Google would say so itself, when the machine's other resources are gone or changed. */
function protectedError(loss: Loss, { name }: Stack): StackConfigError {
  const { machine } = loss;
  return new StackConfigError({
    summary: `${summaryOf(loss)}, and it is protected against deletion`,
    expected: "a VM that Google lets go, before anything of it is touched",
    found: "deletionProtection: true",
    at: `nodes.${machine}.deletionProtection`,
    fix: `take this change back, set deletionProtection: false, \`pulumi up --stack ${name}\`, then make it again; or leave the VM as it is`,
  });
}

function summaryOf({ why, how, project, diskSizeGb }: Loss): string {
  const disk = diskSizeGb === undefined ? "its disk" : `its disk of ${diskSizeGb} GB`;
  const lost = how === "deleted" ? `deleted with ${disk}` : `replaced, and ${disk} is lost`;
  return `${why}: its VM in ${project} would be ${lost}`;
}

/** Own keys of the record only: a name such as `constructor` is no machine. */
function byName<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
