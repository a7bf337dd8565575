import { existsSync } from "node:fs";
import { StackConfigError } from "../clan/stack-config.ts";
import { addressOf, parseTargetHost } from "../clan/target-host.ts";
import { hostKeySchema } from "../deploy/ssh/host-key.ts";
import { identityIn, type MachineAddress, type StackRoom } from "./machine-address.ts";

/**
 * Two machines at one address would overwrite each other's system at every `up`.
 * Machines on nodes get theirs later; behind another jump host the same private address is another one.
 */
export function sharedAddresses(
  targets: ReadonlyMap<string, MachineAddress>,
  { model, stack }: StackRoom,
): StackConfigError[] {
  const seen = new Map<string, string>();
  return [...targets].flatMap(([machine, { targetHost, definedAt }]) => {
    if (Object.hasOwn(model.nodes, machine)) return [];
    const parsed = parseTargetHost(targetHost);
    // A bare IPv6 address is no target of clan's grammar: compared as it stands, without the user.
    const address = parsed === undefined ? targetHost.replace(/^(ssh:\/\/)?([^@]*@)?/, "") : addressOf(parsed);
    const way = `${address} through ${stack.config.hosts?.[machine]?.proxyJump ?? stack.config.proxyJump ?? ""}`;
    const other = seen.get(way);
    seen.set(way, machine);
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
export function missingIdentities({ root, stack: { config, file } }: StackRoom): StackConfigError[] {
  const named = [
    ...Object.entries(config.hosts ?? {}).map(([name, host]) => [`hosts.${name}`, host] as const),
    ...Object.entries(config.jumpHosts ?? {}).map(([name, host]) => [`jumpHosts.${name}`, host] as const),
  ];
  const stated = [
    ["identityFile", config.identityFile] as const,
    ...named.map(([at, host]) => [`${at}.identityFile`, host.identityFile] as const),
  ];
  return stated.flatMap(([key, identityFile]) => {
    const identity = identityFile === undefined ? undefined : identityIn(root, identityFile);
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
export function unusableKeys({ stack: { config, file } }: StackRoom): StackConfigError[] {
  const named = [
    ...Object.entries(config.hosts ?? {}).map(([name, host]) => [`hosts.${name}`, name, host] as const),
    ...Object.entries(config.jumpHosts ?? {}).map(([name, host]) => [`jumpHosts.${name}`, name, host] as const),
  ];
  return named.flatMap(([at, name, { hostKey }]) => {
    const issue = hostKey === undefined ? undefined : hostKeySchema.safeParse(hostKey).error?.issues[0];
    if (issue === undefined) return [];
    return [
      new StackConfigError({
        summary: `${file}: the host key of ${name} cannot be pinned`,
        expected: "one line of the host's /etc/ssh/ssh_host_*_key.pub",
        found: issue.message,
        at: `${file}: pulumi-clan:${at}.hostKey`,
        fix: "copy the line again from the host's console",
      }),
    ];
  });
}

/** A name of a host or node that nothing in the fleet has. */
export function unknownHosts({ stack: { config, file }, model }: StackRoom): StackConfigError[] {
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
