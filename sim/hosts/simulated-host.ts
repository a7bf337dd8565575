import { randomUUID } from "node:crypto";
import { chmod, mkdir, rm, statfs, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { initOf, isRunning, killContainer, startContainer, stopContainer } from "./container.ts";
import { mountDisk } from "./disk.ts";
import { HostDiedError, SimulationError } from "./errors.ts";
import type { HostSpec } from "./host-spec.ts";
import { hostKeys, knownHostsFile, operatorKeys } from "./keys.ts";
import { withLock } from "./lock.ts";
import { mountsBelow, unmountBelow } from "./mounts.ts";
import { createLink, currentNetwork, removeLink } from "./network.ts";
import { isAlive, waitFor } from "./processes.ts";
import { type CommandOptions, type CommandResult, runCommand, tryCommand } from "./run-command.ts";
import { rootLayers, writeBelow } from "./seed.ts";
import { defaultSimState, hostPaths, readIfThere, readRecord, type SimState, writeRecord } from "./sim-state.ts";

/** A simulated host: a container with its own systemd, sshd, Nix, disk and network. Disposal removes it. */
export interface SimHost extends AsyncDisposable {
  readonly spec: HostSpec;
  readonly name: string;
  readonly address: string;
  /** Public host key, `ssh-ed25519 AAAA… <name>`. */
  readonly hostKey: string;
  /** Private key that the host accepts for root. */
  readonly identityFile: string;
  /** known_hosts file with exactly this host's key. */
  readonly knownHosts: string;
  /** Arguments of the ssh client up to the command: identity, pinned key, destination. */
  readonly sshArguments: readonly string[];
  /** Runs a shell command as root inside, without ssh. Works also while sshd is down. */
  exec(command: string, signal: AbortSignal, options?: CommandOptions): Promise<CommandResult>;
  /** Runs a command over ssh, with the pinned key. Exit code 255: no connection. */
  ssh(command: string, signal: AbortSignal, options?: CommandOptions): Promise<CommandResult>;
  /** Boots it if it is off, and waits until it is up. @returns seconds; 0 when it was up. */
  boot(signal: AbortSignal): Promise<number>;
  /** Orderly shutdown; the disk stays. */
  stop(signal: AbortSignal): Promise<void>;
  /** Every process ends at once; the disk stays as it is. */
  powerLoss(signal: AbortSignal): Promise<void>;
  /** Orderly reboot, as `systemctl reboot` inside; waits until it is up again. */
  reboot(signal: AbortSignal): Promise<void>;
  /** Another one after each boot. @throws {SimulationError} while it is off. */
  bootId(signal: AbortSignal): Promise<string>;
  /** Waits until systemd has booted and sshd answers; with `after`, in another boot than that one. */
  untilUp(signal: AbortSignal, after?: string): Promise<void>;
  /** Leaves so many bytes free on the disk; `releaseDisk` gives them back. */
  fillDisk(freeBytes: number): Promise<void>;
  releaseDisk(): Promise<void>;
  /** Removes container, mounts, link and disk. */
  remove(signal: AbortSignal): Promise<void>;
}

const ballast = "ballast";

/** Makes a host, or finds the one that is there, boots it and waits until sshd answers with its key. */
export async function startHost(
  spec: HostSpec,
  signal: AbortSignal,
  state: SimState = defaultSimState(),
): Promise<SimHost> {
  const host = await prepareHost(spec, signal, state);
  await host.boot(signal);
  return host;
}

/** A host's handle, whether it runs or not; nothing is started. */
export async function prepareHost(spec: HostSpec, signal: AbortSignal, state: SimState): Promise<SimHost> {
  const keys = await withLock(
    join(state.directory, "keys.lock"),
    async () => {
      await operatorKeys(state, signal);
      return hostKeys(state, spec.name, signal);
    },
    signal,
  );
  const knownHosts = await knownHostsFile(state, spec.name, spec.address, keys.publicKey);
  const paths = hostPaths(state, spec.name);
  const sshArgs = [
    ...["-F", "/dev/null", "-i", state.operatorKey, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "ConnectTimeout=3"],
    ...["-o", "LogLevel=ERROR", `root@${spec.address}`],
  ];
  const host: SimHost = {
    spec,
    name: spec.name,
    address: spec.address,
    hostKey: keys.publicKey.trim(),
    identityFile: state.operatorKey,
    knownHosts,
    sshArguments: sshArgs,
    exec: async (command, within, options = {}) => {
      const init = await runningInit(state, spec);
      const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid"];
      return tryCommand(
        "nsenter",
        ["--target", String(init), ...namespaces, "--", "/bin/sh", "-c", command],
        options,
        within,
      );
    },
    ssh: (command, within, options = {}) => tryCommand("ssh", [...sshArgs, command], options, within),
    boot: (within) => locked(state, spec, () => bootHost(state, host, within), within),
    stop: (within) => locked(state, spec, () => halt(state, spec, 30_000, within), within),
    powerLoss: (within) => locked(state, spec, () => halt(state, spec, 0, within), within),
    reboot: async (within) => {
      const before = await host.bootId(within);
      await host.exec("systemctl reboot", within);
      await untilUp(state, host, within, before);
    },
    bootId: async (within) => (await host.exec("cat /proc/sys/kernel/random/boot_id", within)).stdout.trim(),
    untilUp: (within, after) => untilUp(state, host, within, after),
    fillDisk: async (freeBytes) => {
      const { bavail, bsize } = await statfs(paths.disk);
      await writeBallast(join(paths.disk, ballast), Math.max(0, bavail * bsize - freeBytes));
    },
    releaseDisk: () => rm(join(paths.disk, ballast), { force: true }),
    remove: (within) => removeHost(state, spec.name, within),
    [Symbol.asyncDispose]: () => removeHost(state, spec.name, AbortSignal.timeout(60_000)),
  };
  return host;
}

/** Removes whatever is left of a host, also after a crash. Keys stay. */
export async function removeHost(state: SimState, name: string, signal: AbortSignal): Promise<void> {
  await withLock(
    join(state.directory, "locks", name),
    async () => {
      const record = await readRecord(state, name).catch(() => undefined); // unreadable: what is there is found by name
      const supervisor = record?.supervisor;
      const elsewhere = record !== undefined && record.network !== (await currentNetwork());
      // While it lives, the supervisor is the way into the namespace that holds the link.
      if (elsewhere && supervisor !== undefined && (await isAlive(supervisor)))
        await removeLink(name, supervisor.pid, signal);
      await stopContainer(state, name, supervisor, { deadlineMs: 0 }, signal);
      if (!elsewhere) await removeLink(name, undefined, signal);
      const { directory } = hostPaths(state, name);
      await unmountBelow(directory, signal);
      if ((await mountsBelow(directory)).length > 0) throw new Error(`mounts left below ${directory}`);
      await rm(directory, { recursive: true, force: true });
    },
    signal,
  );
}

function locked<T>(state: SimState, spec: HostSpec, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return withLock(join(state.directory, "locks", spec.name), work, signal);
}

async function bootHost(state: SimState, host: SimHost, signal: AbortSignal): Promise<number> {
  const { spec } = host;
  const record = await readRecord(state, spec.name);
  if (record?.supervisor !== undefined && (await isAlive(record.supervisor))) {
    await untilUp(state, host, signal);
    return 0;
  }
  await killContainer(state, spec.name, signal); // what a crash may have left
  const began = performance.now();
  const paths = hostPaths(state, spec.name);
  await mkdir(paths.directory, { recursive: true });
  const isNew = await mountDisk(spec, paths, await rootLayers(state, spec, signal), signal);
  if (isNew) await personalise(state, spec, signal);
  await createLink(state, spec, signal);
  await writeFile(paths.console, "");
  const supervisor = await startContainer(state, spec);
  const running = { schema: 1, spec, supervisor, network: await currentNetwork() } as const;
  await writeRecord(state, running);
  await untilUp(state, host, signal);
  const bootSeconds = Math.round(performance.now() - began) / 1000;
  await writeRecord(state, { ...running, bootSeconds });
  return bootSeconds;
}

// What makes this host differ from others of its kind.
async function personalise(state: SimState, spec: HostSpec, signal: AbortSignal): Promise<void> {
  const { root } = hostPaths(state, spec.name);
  const operator = await operatorKeys(state, signal);
  const own = await hostKeys(state, spec.name, signal);
  await writeBelow(root, "etc/hostname", `${spec.name}\n`);
  await writeBelow(root, "etc/hosts", `127.0.0.1 localhost\n${spec.address} ${spec.name}\n`);
  await writeBelow(root, "etc/machine-id", `${randomUUID().replaceAll("-", "")}\n`);
  await writeBelow(root, "etc/ssh/ssh_host_ed25519_key", own.privateKey, 0o600);
  await chmod(join(root, "etc/ssh/ssh_host_ed25519_key"), 0o600); // the base has one: the mode of an existing file stays
  await writeBelow(root, "etc/ssh/ssh_host_ed25519_key.pub", own.publicKey);
  await writeBelow(root, "root/.ssh/authorized_keys", operator.publicKey, 0o600);
  await chmod(join(root, "root/.ssh"), 0o700);
  if (spec.kind === "nixos") await writeBelow(root, "usr/lib/simulated-host/install-loader", "");
}

async function untilUp(state: SimState, host: SimHost, signal: AbortSignal, after?: string): Promise<void> {
  const what = {
    subject: host.name,
    expected: "systemd to have finished booting and sshd to answer with the published key",
    at: `console of ${host.name} (npm run sim -- status names the file)`,
    fix: "read the end of the console; `npm run sim -- reset` brings the first state back",
  };
  const up = async (within: AbortSignal): Promise<boolean> => {
    const options = { deadlineMs: 30_000 };
    await assertSupervised(state, host.name);
    if (after !== undefined && (await host.bootId(within)) === after) throw new Error("it has not gone down yet");
    const system = await host.exec("systemctl is-system-running --wait", within, options);
    if (!/^(running|degraded)/.test(system.stdout)) throw new Error(`systemd: ${system.stdout || system.stderr}`);
    const session = await host.ssh("true", within, options);
    if (session.exitCode !== 0) throw new Error(`ssh: ${session.stderr}`);
    return true;
  };
  await waitFor(what, { deadlineMs: 90_000, everyMs: 100 }, up, signal);
}

async function assertSupervised(state: SimState, name: string): Promise<void> {
  const supervisor = (await readRecord(state, name))?.supervisor;
  if (supervisor !== undefined && (await isAlive(supervisor))) return;
  const { console } = hostPaths(state, name);
  const said = ((await readIfThere(console)) ?? "").trim().split("\n").slice(-5).join("\n");
  throw new HostDiedError({
    summary: `${name}: the host went down while it was booting`,
    expected: "a running container",
    found: said === "" ? "it ended and said nothing" : said,
    at: console,
    fix: `npm run sim -- reset ${name}`,
  });
}

async function runningInit(state: SimState, spec: HostSpec): Promise<number> {
  const record = await readRecord(state, spec.name);
  const init = record?.supervisor === undefined ? undefined : await initOf(record.supervisor);
  if (init !== undefined) return init;
  throw new SimulationError({
    summary: `${spec.name}: the host is off`,
    expected: "a running host",
    found: "no process 1",
    at: hostPaths(state, spec.name).console,
    fix: `npm run sim -- up ${spec.name}`,
  });
}

async function halt(state: SimState, spec: HostSpec, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const record = await readRecord(state, spec.name);
  await stopContainer(state, spec.name, record?.supervisor, { deadlineMs }, signal);
  if (record === undefined) return;
  const { supervisor: _, ...off } = record;
  await writeRecord(state, off);
}

/** What `status` shows of one host. */
export interface HostStatus {
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly state: "running" | "off" | "broken";
  readonly bootSeconds?: number;
  readonly console: string;
}

export async function hostStatus(state: SimState, name: string): Promise<HostStatus | undefined> {
  const record = await readRecord(state, name);
  if (record === undefined) return undefined;
  const alive = record.supervisor !== undefined && (await isAlive(record.supervisor));
  const { kind, address } = record.spec;
  const seconds = record.bootSeconds === undefined ? {} : { bootSeconds: record.bootSeconds };
  const now = alive ? "running" : (await isRunning(state, name)) ? "broken" : "off";
  return { name, kind, address, state: now, console: hostPaths(state, name).console, ...seconds };
}

async function writeBallast(path: string, bytes: number): Promise<void> {
  await rm(path, { force: true });
  await writeFile(path, "");
  // A hole would take no space: fallocate reserves it.
  if (bytes > 0)
    await runCommand("fallocate", ["--length", String(bytes), "--", path], {}, AbortSignal.timeout(60_000));
  else await truncate(path, 0);
}
