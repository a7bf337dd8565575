import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionSpec } from "./connection-spec.ts";

/** Options with which a spawned OpenSSH client reaches exactly the pinned host. Disposal removes the files. */
export interface OpensshOptions extends AsyncDisposable {
  /** `user@machine`: the address is in the options, so that IPv6 and ports need no place in a URL. */
  readonly destination: string;
  readonly args: readonly string[];
  /** For NIX_SSHOPTS, which Nix splits at white space: no argument has any. */
  readonly nixSshOpts: string;
}

/** Writes a known_hosts of the pinned keys alone, readable for the operator alone. */
export async function writeOpensshOptions(spec: ConnectionSpec): Promise<OpensshOptions> {
  // No white space in any path: NIX_SSHOPTS has no quoting. No `%` or `$` either, which ssh would expand.
  const temporary = /^[A-Za-z0-9/._+-]+$/.test(tmpdir()) ? tmpdir() : "/tmp";
  const folder = await mkdtemp(join(temporary, "pulumi-clan-ssh-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const knownHosts = join(folder, "known_hosts");
    await writeFile(knownHosts, renderKnownHosts(spec), { mode: 0o600 });
    // Links, because a key's or socket's own path may hold a space ("Group Containers" of macOS).
    const identities = spec.identityFiles.map((_, index) => join(folder, `identity-${index}`));
    await Promise.all(identities.map((link, index) => symlink(spec.identityFiles[index] ?? "", link)));
    const agent = join(folder, "agent");
    if (spec.agent !== undefined) await symlink(spec.agent, agent);
    const args = opensshArgs(spec.agent === undefined ? spec : { ...spec, agent }, knownHosts, identities);
    return {
      destination: `${spec.user}@${spec.machine}`,
      args,
      nixSshOpts: args.join(" "),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

export function renderKnownHosts(spec: Pick<ConnectionSpec, "machine" | "hostKeys">): string {
  return spec.hostKeys.map(({ key }) => `${spec.machine} ${key}\n`).join("");
}

/** Source: ssh_config(5) of OpenSSH 10. */
export function opensshArgs(
  spec: ConnectionSpec,
  knownHosts: string,
  identities: readonly string[],
): readonly string[] {
  const options = [
    `HostName=${spec.address}`,
    `HostKeyAlias=${spec.machine}`,
    `UserKnownHostsFile=${knownHosts}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "BatchMode=yes",
    `ConnectTimeout=${Math.ceil(spec.attemptDeadlineSeconds)}`,
    `ServerAliveInterval=${Math.ceil(spec.keepaliveSeconds)}`,
    "ServerAliveCountMax=3",
    // A ControlMaster of the operator's hung `nix copy` (nix#3017), and would be another connection than the one verified.
    "ControlMaster=no",
    "ControlPath=none",
    `IdentityAgent=${spec.agent ?? "none"}`,
    ...(spec.agent === undefined ? ["IdentitiesOnly=yes"] : []),
    ...identities.map((file) => `IdentityFile=${file}`),
  ];
  // -F: their ~/.ssh/config was read by us; a second reading could dial another host.
  return ["-F", "/dev/null", "-p", String(spec.port), ...options.flatMap((option) => ["-o", option])];
}
