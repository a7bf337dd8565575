import { randomUUID } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killContainer, startContainer } from "./container.ts";
import { mountDisk } from "./disk.ts";
import { HostDiedError, SimulationError } from "./errors.ts";
import type { HostSpec } from "./host-spec.ts";
import { hostKeys, operatorKeys } from "./keys.ts";
import { createLink, currentNetwork } from "./network.ts";
import { isAlive, waitFor } from "./processes.ts";
import type { CommandOptions, CommandResult } from "./run-command.ts";
import { rootLayers, writeBelow } from "./seed.ts";
import { hostPaths, readIfThere, readRecord, type SimState, writeRecord } from "./sim-state.ts";

/** The ways into a host that booting it needs. */
export interface Reach {
  readonly spec: HostSpec;
  exec(command: string, signal: AbortSignal, options?: CommandOptions): Promise<CommandResult>;
  ssh(command: string, signal: AbortSignal, options?: CommandOptions): Promise<CommandResult>;
  bootId(signal: AbortSignal): Promise<string>;
}

/** Boots a host that is off, and waits until it is up. @returns seconds; 0 when it was up. */
export async function bootHost(state: SimState, host: Reach, signal: AbortSignal): Promise<number> {
  const { spec } = host;
  const record = await readRecord(state, spec.name);
  const network = await currentNetwork();
  if (record?.supervisor !== undefined && (await isAlive(record.supervisor))) {
    if (record.network !== network) throw inAnotherNetwork(state, spec.name);
    await untilUp(state, host, signal);
    return 0;
  }
  await killContainer(state, spec.name, signal); // what a crash may have left
  const began = performance.now();
  const paths = hostPaths(state, spec.name);
  await mkdir(paths.directory, { recursive: true });
  await mountDisk(spec, paths, await rootLayers(state, spec, signal), signal);
  await personalise(state, spec, signal);
  await createLink(state, spec, signal);
  await writeFile(paths.console, "");
  const supervisor = await startContainer(state, spec, signal);
  const running = { schema: 1, spec, supervisor, network } as const;
  await writeRecord(state, running);
  await untilUp(state, host, signal);
  const bootSeconds = Math.round(performance.now() - began) / 1000;
  await writeRecord(state, { ...running, bootSeconds });
  return bootSeconds;
}

// What makes this host differ from others of its kind, once for each disk.
async function personalise(state: SimState, spec: HostSpec, signal: AbortSignal): Promise<void> {
  const { root, disk } = hostPaths(state, spec.name);
  const done = join(disk, "personalised");
  if ((await readIfThere(done)) !== undefined) return;
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
  await writeFile(done, "");
}

/** Waits until systemd has booted and sshd answers; with `after`, in another boot than that one. */
export async function untilUp(state: SimState, host: Reach, signal: AbortSignal, after?: string): Promise<void> {
  const what = {
    subject: host.spec.name,
    expected: "systemd to have finished booting and sshd to answer with the published key",
    at: `console of ${host.spec.name} (npm run sim -- status names the file)`,
    fix: "read the end of the console; `npm run sim -- reset` brings the first state back",
  };
  const up = async (within: AbortSignal): Promise<boolean> => {
    const options = { deadlineMs: 30_000 };
    await assertSupervised(state, host.spec.name);
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

function inAnotherNetwork(state: SimState, name: string): SimulationError {
  return new SimulationError({
    summary: `${name}: the host runs in another network namespace`,
    expected: "a host that this process can reach",
    found: `one that was started from another namespace, in ${state.directory}`,
    at: hostPaths(state, name).record,
    fix: "work in that namespace, or `npm run sim -- down` first",
  });
}
