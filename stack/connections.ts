import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { FleetModel, MachineModel } from "../clan/fleet-model.ts";
import { StackConfigError } from "../clan/stack-config.ts";
import { addressOf, parseTargetHost } from "../clan/target-host.ts";
import { parseTarget } from "../deploy/ssh/connection-spec.ts";
import { hostKeySchema, type PinnedHostKey } from "../deploy/ssh/host-key.ts";
import { throwGathered } from "../errors.ts";
import { readPinnedKeys } from "./host-keys.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** The way to one machine, as the stack and the inventory state it. */
export interface HostConnection {
  /** `[user@]host[:port]`. */
  readonly targetHost: string;
  /** Where it was stated. */
  readonly definedAt: string;
  readonly identityFiles: readonly string[];
  readonly hostKeys: readonly PinnedHostKey[];
}

/** Source of the address, in order: the stack's `hosts`, the inventory's `deploy.targetHost`. */
export async function readConnections(
  root: string,
  stack: Stack,
  model: FleetModel,
  machines: readonly OwnedMachine[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, HostConnection>> {
  const errors: StackConfigError[] = unknownHosts(stack, model);
  const targets = new Map<string, { targetHost: string; definedAt: string }>();
  for (const { machine, spec, node } of machines) {
    const target = targetOf(machine, spec, stack, node !== undefined);
    if (target instanceof StackConfigError) errors.push(target);
    else targets.set(machine, target);
  }
  errors.push(...sharedAddresses(targets, model, stack), ...missingIdentities(root, stack), ...unusableKeys(stack));
  throwGathered(errors);

  const varsDirectory = path.resolve(root, stack.config.vars ?? "vars");
  const entries = [...targets].map(async ([machine, target]) => {
    const host = stack.config.hosts?.[machine];
    const identityFile = host?.identityFile ?? stack.config.identityFile;
    const declared =
      host?.hostKey === undefined
        ? {}
        : { declared: { key: host.hostKey, definedAt: `${stack.file}: pulumi-clan:hosts.${machine}.hostKey` } };
    const address = parseTarget(target.targetHost, target.definedAt);
    const hostKeys = await readPinnedKeys(machine, address, { varsDirectory, ...declared }, signal);
    const identityFiles = identityFile === undefined ? [] : [identityPath(root, identityFile)];
    return [machine, { ...target, identityFiles, hostKeys }] as const;
  });
  return new Map(await Promise.all(entries));
}

function targetOf(
  machine: string,
  model: MachineModel,
  stack: Stack,
  onNode: boolean,
): { targetHost: string; definedAt: string } | StackConfigError {
  const configured = stack.config.hosts?.[machine]?.targetHost;
  if (configured !== undefined) {
    return { targetHost: configured, definedAt: `${stack.file}: pulumi-clan:hosts.${machine}.targetHost` };
  }
  const at = `${model.definedAt.file}:${model.definedAt.line ?? 1}`;
  if (model.targetHost !== null) return { targetHost: model.targetHost, definedAt: at };
  if (onNode) return { targetHost: `root@${machine}`, definedAt: at }; // the node's address takes the host's place
  return new StackConfigError({
    summary: `${machine} has no target host: nothing says where it is`,
    expected: "deploy.targetHost in the inventory, or pulumi-clan:hosts in the stack",
    found: "neither",
    at,
    fix:
      `add deploy: { targetHost: "root@${machine}.example" } to the machine, or ` +
      `pulumi config set --path 'pulumi-clan:hosts.${machine}.targetHost' root@… --stack ${stack.name}`,
  });
}

/** Two machines at one address would overwrite each other's system at every `up`. Machines on nodes get theirs later. */
function sharedAddresses(
  targets: ReadonlyMap<string, { targetHost: string; definedAt: string }>,
  model: FleetModel,
  stack: Stack,
): StackConfigError[] {
  const seen = new Map<string, string>();
  return [...targets].flatMap(([machine, { targetHost, definedAt }]) => {
    if (Object.hasOwn(model.nodes, machine)) return [];
    const parsed = parseTargetHost(targetHost);
    // A bare IPv6 address is no target of clan's grammar: compared as it stands, without the user.
    const address = parsed === undefined ? targetHost.replace(/^(ssh:\/\/)?([^@]*@)?/, "") : addressOf(parsed);
    const other = seen.get(address);
    seen.set(address, machine);
    if (other === undefined) return [];
    return [
      new StackConfigError({
        summary: `${other} and ${machine} have one address`,
        expected: "an address of its own for every machine of the stack",
        found: `${address} for both (${targets.get(other)?.definedAt} and ${definedAt})`,
        at: definedAt,
        fix: `correct one of them, or leave one out of pulumi-clan:machines in ${stack.file}`,
      }),
    ];
  });
}

/** A key file that is not there would read as "the host accepts none of your keys", at every host. */
function missingIdentities(root: string, { config, file }: Stack): StackConfigError[] {
  const stated = [
    ["identityFile", config.identityFile] as const,
    ...Object.entries(config.hosts ?? {}).map(
      ([name, host]) => [`hosts.${name}.identityFile`, host.identityFile] as const,
    ),
  ];
  return stated.flatMap(([key, identityFile]) => {
    const identity = identityFile === undefined ? undefined : identityPath(root, identityFile);
    if (identity === undefined || existsSync(identity)) return [];
    return [
      new StackConfigError({
        summary: `${file}: the key file for SSH is not there`,
        expected: "a private key file that the hosts know",
        found: `no file ${identity}`,
        at: `${file}: pulumi-clan:${key}`,
        fix: "correct the path (it is relative to the project), or remove the key to use your agent and ~/.ssh/config",
      }),
    ];
  });
}

/** A key that cannot be pinned would otherwise end the program while it connects, without the name of its key here. */
function unusableKeys({ config, file }: Stack): StackConfigError[] {
  return Object.entries(config.hosts ?? {}).flatMap(([name, { hostKey }]) => {
    const issue = hostKey === undefined ? undefined : hostKeySchema.safeParse(hostKey).error?.issues[0];
    if (issue === undefined) return [];
    return [
      new StackConfigError({
        summary: `${file}: the host key of ${name} cannot be pinned`,
        expected: "one line of the host's /etc/ssh/ssh_host_*_key.pub",
        found: issue.message,
        at: `${file}: pulumi-clan:hosts.${name}.hostKey`,
        fix: "copy the line again from the host's console",
      }),
    ];
  });
}

function identityPath(root: string, file: string): string {
  return path.resolve(root, file.startsWith("~/") ? path.join(homedir(), file.slice(2)) : file);
}

function unknownHosts({ config, file }: Stack, model: FleetModel): StackConfigError[] {
  const stated = [
    ...Object.keys(config.hosts ?? {}).map((name) => ["hosts", name, Object.keys(model.machines)] as const),
    ...Object.keys(config.nodes ?? {}).map((name) => ["nodes", name, Object.keys(model.nodes)] as const),
  ];
  return stated
    .filter(([, name, known]) => !known.includes(name))
    .map(
      ([key, name, known]) =>
        new StackConfigError({
          summary: `${file} configures ${name}, which the fleet does not have`,
          expected: `one of ${known.join(", ")}`,
          found: name,
          at: `${file}: pulumi-clan:${key}.${name}`,
          fix: "correct the name, or remove the key",
        }),
    );
}
