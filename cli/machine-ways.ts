import type { Command } from "commander";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import { chooseWay } from "../stack/choose-way.ts";
import { type HostConnection, readConnections } from "../stack/connections.ts";
import { wayOf } from "../stack/delivery.ts";
import type { MachineAddress } from "../stack/machine-address.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { endedWell } from "../stack/plan/plan-reasons.ts";
import { type Dialled, readDialledHosts } from "../stack/pulumi-cli.ts";
import type { Stack } from "../stack/stack.ts";
import { type ChosenMachines, type StackOptions, withStackOptions } from "./stack-options.ts";
import { readSudoPassword, type SudoOptions, withSudoOptions } from "./sudo-password.ts";
import type { Terminal } from "./terminal.ts";
import { checkTarget, usage } from "./usage.ts";

/** How a command reaches machines, over what the stack says. */
interface WayOptions extends SudoOptions, StackOptions {
  readonly dir: string;
  readonly host?: string;
  readonly acceptNew: boolean;
}

/** Adds the options by which a command finds its stack and reaches the machines of it. */
export function withMachineOptions(command: Command): Command {
  return withSudoOptions(
    withStackOptions(command)
      .option(
        "--host <[user@]host[:port]>",
        "dial the machine here, whatever stack, node and inventory say; its key stays pinned",
        usage(checkTarget),
      )
      .option(
        "--accept-new",
        "take the key that a host without a pinned one shows first; say and remember nothing else",
        false,
      ),
  );
}

/** The ways to the machines that a command was called for. */
export interface MachineWays {
  /** With what the options say over it. */
  readonly stack: Stack;
  /** A machine that nothing places is missing here when `placeless` takes its error. */
  readonly connections: ReadonlyMap<string, HostConnection>;
  /** Machine on a node → which of its two ways was taken, and why. */
  readonly dialled: ReadonlyMap<string, string>;
  readonly sudoPassword?: SecretText;
}

/**
 * Reads the ways to machines. The address of a cloud node is read from the stack's state, and the declared host of its
 * machine asked whether it may be dialled instead; no other host is asked.
 * @param placeless - takes the error of a machine whose way cannot be read; otherwise it is thrown.
 * @param onNode - `always`: a machine on a node is dialled at the node.
 * @throws {FleetError} gathered @throws {CommanderError} wrong usage
 */
export async function readWays(
  { fleet, stack: onDisk, machines: all }: ChosenMachines,
  machines: readonly OwnedMachine[],
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
  placeless?: (machine: string, error: FleetError) => void,
  onNode: "when-needed" | "always" = "when-needed",
): Promise<MachineWays> {
  const options = command.optsWithGlobals<WayOptions>();
  if (options.host !== undefined && all.length !== 1)
    command.error(`error: --host is one machine's address, and ${all.length} are named`, { exitCode: 2 });
  const config = options.acceptNew ? { ...onDisk.config, hostKeyPolicy: "accept-new" as const } : onDisk.config;
  const stack = { ...onDisk, config };
  const nodes = await readNodes(stack, machines, options, terminal, signal);
  const known = knownAddresses(nodes, machines, options, onNode);
  const connections = new Map<string, HostConnection>();
  // Without Pulumi the node's address is known from elsewhere, or not at all: then the inventory's is better than none.
  const plain = machines.map(({ machine, spec }) => ({ machine, spec }));
  for (const group of placeless === undefined ? [plain] : plain.map((one) => [one])) {
    try {
      for (const [name, connection] of await readConnections(options.dir, stack, fleet.model, group, signal, known))
        connections.set(name, connection);
    } catch (error) {
      const [one] = group;
      if (placeless === undefined || one === undefined || !(error instanceof FleetError)) throw error;
      placeless(one.machine, error);
    }
  }
  const hidden = onDisk.secretKeys.some((key) => key === "pulumi-clan:sudoPassword");
  const stated = { text: config.sudoPassword, hidden };
  const sudoPassword = await readSudoPassword(options, stated, command, signal);
  const dialled = new Map<string, string>();
  const choices = [...connections].map(async ([machine, connection]) => {
    const node = nodes.get(machine);
    if (node?.atNode === undefined || connection.targetHost === node.atNode) return;
    const isDeployed = node.targetHost !== node.atNode || endedWell(node);
    const two = { declared: wayOf(machine, connection, stack), atNode: node.atNode, isDeployed };
    const { targetHost, address, why } = await chooseWay(two, signal, sudoPassword);
    dialled.set(machine, why);
    terminal.tell(`${machine}: dialled at ${why}`);
    const { address: _declared, ...rest } = connection;
    connections.set(machine, { ...rest, targetHost, ...(address === undefined ? {} : { address }) });
  });
  await Promise.all(choices);
  return { stack, connections, dialled, ...(sudoPassword === undefined ? {} : { sudoPassword }) };
}

/** Of machines on nodes that run: what the last update dialled. */
async function readNodes(
  stack: Stack,
  machines: readonly OwnedMachine[],
  { dir, host, configFile }: WayOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Dialled>> {
  const onNodes = machines.filter(
    ({ machine, node }) => node?.power === "on" && stack.config.hosts?.[machine]?.targetHost === undefined,
  );
  if (host !== undefined || onNodes.length === 0) return new Map();
  try {
    const dialled = await readDialledHosts({ root: dir, name: stack.name, configFile }, signal);
    return new Map([...dialled].filter(([name]) => onNodes.some(({ machine }) => machine === name)));
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    const names = onNodes.map(({ machine }) => machine).join(", ");
    terminal.tell(
      `${names}: the node's address stands in the stack's state, which cannot be read: ${error.facts.found}`,
    );
    return new Map();
  }
}

/** A named address; and of machines on nodes the one that is declared, or the node's own where nothing else is or counts. */
function knownAddresses(
  nodes: ReadonlyMap<string, Dialled>,
  machines: readonly OwnedMachine[],
  { host }: WayOptions,
  onNode: "when-needed" | "always",
): ReadonlyMap<string, MachineAddress> {
  const [first] = machines;
  if (host !== undefined && first !== undefined)
    return new Map([[first.machine, { targetHost: host, definedAt: "--host", from: "stack" }]]);
  const known = new Map<string, MachineAddress>();
  for (const { machine, spec } of machines) {
    const node = nodes.get(machine);
    if (node === undefined) continue;
    const { targetHost, definedAt } = spec;
    if (node.atNode !== undefined && onNode === "when-needed" && targetHost !== null)
      known.set(machine, { targetHost, definedAt: `${definedAt.file}:${definedAt.line ?? 1}`, from: "node" });
    else
      known.set(machine, {
        targetHost: node.atNode ?? node.targetHost,
        definedAt: 'the stack\'s output "machines"',
        from: "node",
      });
  }
  return known;
}
