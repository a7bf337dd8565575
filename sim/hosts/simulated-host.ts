import { rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { initOf } from "./container.ts";
import { SimulationError } from "./errors.ts";
import { bootHost, untilUp } from "./host-boot.ts";
import { haltHost, removeHost } from "./host-removal.ts";
import type { HostSpec } from "./host-spec.ts";
import { hostKeys, knownHostsFile, operatorKeys } from "./keys.ts";
import { withLock } from "./lock.ts";
import { type CommandOptions, type CommandResult, runCommand, tryCommand } from "./run-command.ts";
import { defaultSimState, hostPaths, readRecord, type SimState } from "./sim-state.ts";

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
  const sshArgs = sshArguments(state, spec, knownHosts);
  const host: SimHost = {
    spec,
    name: spec.name,
    address: spec.address,
    hostKey: keys.publicKey.trim(),
    identityFile: state.operatorKey,
    knownHosts,
    sshArguments: sshArgs,
    exec: (command, within, options = {}) => runInside(state, spec, command, options, within),
    ssh: (command, within, options = {}) => tryCommand("ssh", [...sshArgs, command], options, within),
    boot: (within) => locked(state, spec, () => bootHost(state, host, within), within),
    stop: (within) => locked(state, spec, () => haltHost(state, spec, 30_000, within), within),
    powerLoss: (within) => locked(state, spec, () => haltHost(state, spec, 0, within), within),
    reboot: async (within) => {
      const before = await host.bootId(within);
      await host.exec("systemctl reboot", within);
      await untilUp(state, host, within, before);
    },
    bootId: async (within) => (await host.exec("cat /proc/sys/kernel/random/boot_id", within)).stdout.trim(),
    untilUp: (within, after) => untilUp(state, host, within, after),
    fillDisk: (freeBytes) => writeBallast(hostPaths(state, spec.name).disk, freeBytes),
    releaseDisk: () => rm(join(hostPaths(state, spec.name).disk, ballast), { force: true }),
    remove: (within) => removeHost(state, spec.name, within),
    [Symbol.asyncDispose]: () => removeHost(state, spec.name, AbortSignal.timeout(60_000)),
  };
  return host;
}

function sshArguments(state: SimState, { address }: HostSpec, knownHosts: string): readonly string[] {
  return [
    ...["-F", "/dev/null", "-i", state.operatorKey, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes", "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "ConnectTimeout=3"],
    ...["-o", "LogLevel=ERROR", `root@${address}`],
  ];
}

async function runInside(
  state: SimState,
  spec: HostSpec,
  command: string,
  options: CommandOptions,
  signal: AbortSignal,
): Promise<CommandResult> {
  const init = await runningInit(state, spec);
  const namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid"];
  // A shell waits for the command, not nsenter: systemd stops all processes of a host that shuts down, nsenter would stop
  // itself when its child stops, and the host's process 1 can only end when all others of its namespace are reaped.
  const waiting = ["--no-fork", "--", "/bin/sh", "-c", '/bin/sh -c "$1"; exit $?', "sh", command];
  const args = ["--target", String(init), ...namespaces, ...waiting];
  return tryCommand("nsenter", args, options, signal);
}

function locked<T>(state: SimState, spec: HostSpec, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return withLock(join(state.directory, "locks", spec.name), work, signal);
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

async function writeBallast(disk: string, freeBytes: number): Promise<void> {
  const path = join(disk, ballast);
  await rm(path, { force: true });
  const { bavail, bsize } = await statfs(disk);
  const bytes = bavail * bsize - freeBytes;
  // A hole would take no space: fallocate reserves it.
  if (bytes <= 0) return;
  await runCommand("fallocate", ["--length", String(bytes), "--", path], {}, AbortSignal.timeout(60_000));
}
