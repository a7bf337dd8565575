import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionSpec, type Endpoint, endpointsOf } from "./connection-spec.ts";
import { quoteCommand } from "./shell-quote.ts";

/** Options with which a spawned OpenSSH client reaches exactly the pinned host. Disposal removes the files. */
export interface OpensshOptions extends AsyncDisposable {
  /** `user@machine`: the address is in the configuration, so that IPv6, ports and jump hosts need no place in a URL. */
  readonly destination: string;
  readonly args: readonly string[];
  /** For NIX_SSHOPTS, which Nix splits at white space: no argument has any. */
  readonly nixSshOpts: string;
  /** Of the operator alone, with a short path: room for a control socket. */
  readonly folder: string;
  /** What is written about each end, in the order in which they are dialled. */
  readonly ends: readonly EndFiles[];
}

/** Files about one end, in the folder. */
export interface EndFiles {
  readonly knownHosts: string;
  /** `<type> <base64>` of the key that was shown last. */
  readonly shownKey: string;
  /** Log of the client that dials it; the machine's own goes where the caller says. */
  readonly log: string;
}

/** Writes a configuration and known_hosts files of the pinned keys alone, readable for the operator alone. */
export async function writeOpensshOptions(spec: ConnectionSpec): Promise<OpensshOptions> {
  const folder = await mkdtemp(join(shortTmp(), "pulumi-clan-ssh-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    const ends = endpointsOf(spec);
    const files = ends.map((_, index) => filesOf(folder, index));
    await writeFile(join(folder, "note-key"), `printf '%s %s\\n' "$2" "$3" >"$1"\n`, { mode: 0o600 });
    const blocks = await Promise.all(ends.map((end, index) => writeEnd(spec, end, index, folder)));
    const config = join(folder, "config");
    await writeFile(config, blocks.join(""), { mode: 0o600 });
    const args = ["-F", config];
    return {
      destination: `${spec.user}@${spec.machine}`,
      args,
      nixSshOpts: args.join(" "),
      folder,
      ends: files,
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Lines of known_hosts for one end, under the name by which it is asked for. */
export function renderKnownHosts(end: Endpoint): string {
  const name = aliasOf(end);
  const lines = [
    ...end.revokedHostKeys.map(({ key }) => `@revoked ${name} ${key}`),
    ...end.certAuthorities.map(({ key }) => `@cert-authority ${name} ${key}`),
    ...end.hostKeys.map(({ key }) => `${name} ${key}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** What one end's block of the configuration needs besides the end. */
export interface EndPlace {
  /** Host of the block. */
  readonly host: string;
  readonly folder: string;
  readonly index: number;
  readonly identities: readonly { readonly file: string; readonly certificate?: string }[];
  readonly agent?: string;
  readonly connectTimeoutSeconds: number;
  /** As ssh_config(5) takes it. */
  readonly proxyCommand?: string;
}

/** Source: ssh_config(5) of OpenSSH 9.2; KnownHostsCommand needs 8.5. */
export function renderEnd(end: Endpoint, place: EndPlace): string {
  const { folder, index, identities, agent, proxyCommand } = place;
  const { knownHosts, shownKey } = filesOf(folder, index);
  const options = [
    `HostName ${end.address.replaceAll("%", "%%")}`,
    `Port ${end.port}`,
    `User ${end.user}`,
    `HostKeyAlias ${aliasOf(end)}`,
    `UserKnownHostsFile ${knownHosts}`,
    "GlobalKnownHostsFile /dev/null",
    // It answers nothing: it notes the key that is shown, which ssh tells in no other way.
    `KnownHostsCommand /bin/sh ${join(folder, "note-key")} ${shownKey} %t %K`,
    `StrictHostKeyChecking ${end.hostKeyPolicy === "accept-new" ? "accept-new" : "yes"}`,
    "HashKnownHosts no",
    "UpdateHostKeys no",
    "VerifyHostKeyDNS no",
    "CanonicalizeHostname no",
    "BatchMode yes",
    "PreferredAuthentications publickey",
    `ConnectTimeout ${place.connectTimeoutSeconds}`,
    `ServerAliveInterval ${Math.ceil(end.keepaliveSeconds)}`,
    "ServerAliveCountMax 3",
    // A ControlMaster of the operator's hung `nix copy` (nix#3017), and would be another connection than the one verified.
    "ControlMaster no",
    "ControlPath none",
    "ForwardAgent no",
    "ForwardX11 no",
    `IdentityAgent ${agent ?? "none"}`,
    ...(agent === undefined ? ["IdentitiesOnly yes"] : []),
    ...(identities.length === 0 ? ["IdentityFile none"] : []), // otherwise the operator's default keys
    ...identities.map(({ file }) => `IdentityFile ${file}`),
    ...identities.flatMap(({ certificate }) => (certificate === undefined ? [] : [`CertificateFile ${certificate}`])),
    ...(proxyCommand === undefined ? [] : [`ProxyCommand ${proxyCommand}`]),
  ];
  return `Host ${place.host}\n${options.map((option) => `  ${option}\n`).join("")}`;
}

/** Certificates name the host as it is addressed; a pin may have any name, and the machine's reads best in ssh's messages. */
function aliasOf(end: Endpoint): string {
  const alias = end.hostKeyAlias ?? (end.certAuthorities.length > 0 ? end.address : end.machine);
  return alias.toLowerCase(); // OpenSSH 9.2 folds what stands in known_hosts, not the alias that it looks for
}

/** No machine's name begins so. */
export function hopHost(index: number): string {
  return `_hop${index}`;
}

async function writeEnd(spec: ConnectionSpec, end: Endpoint, index: number, folder: string): Promise<string> {
  await writeFile(filesOf(folder, index).knownHosts, renderKnownHosts(end), { mode: 0o600 });
  // Links, because paths of the operator's may hold spaces, `%` and `$`, which mean something here and in NIX_SSHOPTS.
  const link = async (target: string, name: string): Promise<string> => {
    await symlink(target, join(folder, name));
    return join(folder, name);
  };
  const identities = end.identityFiles.map(async (target, nth) => {
    const file = await link(target, `identity-${index}-${nth}`);
    const certificate = `${target}-cert.pub`;
    const there = await stat(certificate).catch(() => undefined); // none, or not for us to read: ssh goes without
    return there === undefined
      ? { file }
      : { file, certificate: await link(certificate, `certificate-${index}-${nth}`) };
  });
  const proxyCommand = proxyOf(spec, index, folder);
  return renderEnd(end, {
    host: end.hop === undefined ? spec.machine : hopHost(index),
    folder,
    index,
    identities: await Promise.all(identities),
    connectTimeoutSeconds: Math.ceil(spec.attemptDeadlineSeconds),
    ...(end.agent === undefined ? {} : { agent: await link(end.agent, `agent-${index}`) }),
    ...(proxyCommand === undefined ? {} : { proxyCommand }),
  });
}

/** Not ProxyJump: its clients would log to one stream, and an error could not say at which host it happened. */
function proxyOf(spec: ConnectionSpec, index: number, folder: string): string | undefined {
  // %n is the name as it was given: here it would be the block's.
  const name = (spec.jumpHosts[0] ?? spec).address.replaceAll("%", "%%");
  if (index === 0) return spec.proxyCommand?.replaceAll(/%(.)/g, (token, letter) => (letter === "n" ? name : token));
  const { log } = filesOf(folder, index - 1);
  const client = quoteCommand(["ssh", "-F", join(folder, "config"), "-v", "-E", log, "-W"]).replaceAll("%", "%%");
  return `${client} '[%h]:%p' -- ${hopHost(index - 1)}`;
}

function filesOf(folder: string, index: number): EndFiles {
  const of = (name: string): string => join(folder, `${name}-${index}`);
  return { knownHosts: of("known_hosts"), shownKey: of("shown"), log: of("log") };
}

/** A Unix socket's path is 104 characters at most (macOS, whose own folder takes 50); ssh adds 17 of its own while it binds. */
function shortTmp(): string {
  const folder = tmpdir();
  return /^[A-Za-z0-9/._-]{1,50}$/.test(folder) ? folder : "/tmp";
}
