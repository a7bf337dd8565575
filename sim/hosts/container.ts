import { spawn } from "node:child_process";
import { open, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createCgroups, detectHierarchies, processesOf, removeCgroups } from "./cgroups.ts";
import { type HostSpec, operatorAddress } from "./host-spec.ts";
import { linkName } from "./network.ts";
import { childrenOf, isAlive, type ProcessId, signalProcess, startTimeOf, waitFor } from "./processes.ts";
import { hostPaths, isNotFound, type SimState } from "./sim-state.ts";

/** Signal that asks systemd as process 1 to power off. Source: systemd(1), SIGRTMIN is 34 in glibc. */
const powerOff = 34 + 4;

/** systemd 257 refuses a legacy cgroup hierarchy unless its kernel command line says that it is meant. */
const legacyCommandLine = "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1";

/** Starts the container of a mounted host; it outlives this process. */
export async function startContainer(state: SimState, spec: HostSpec, signal: AbortSignal): Promise<ProcessId> {
  const paths = hostPaths(state, spec.name);
  const hierarchies = await detectHierarchies();
  const cgroups = await createCgroups(hierarchies, state, spec.name, signal);
  const environment = [`SIM_ADDRESS=${spec.address}`, `SIM_GATEWAY=${operatorAddress}`, `SIM_KIND=${spec.kind}`];
  if (hierarchies.kind === "legacy") environment.push(`SYSTEMD_PROC_CMDLINE=${legacyCommandLine}`);
  const container = [
    "systemd-nspawn",
    `--directory=${paths.root}`,
    `--machine=${machineName(state, spec.name)}`,
    `--hostname=${spec.name}`,
    `--network-bridge=${linkName(spec.name)}`,
    `--bind=${paths.boot}:/boot`,
    ..."--register=no --keep-unit --kill-signal=SIGRTMIN+3 --resolv-conf=off --timezone=off --link-journal=no".split(
      " ",
    ),
    ...environment.map((assignment) => `--setenv=${assignment}`),
    "/usr/lib/simulated-host/stage-1",
  ];
  await using console = await open(paths.console, "a");
  const supervisor = join(import.meta.dirname, "supervise.sh");
  const child = spawn("sh", [supervisor, ...cgroups, "--", ...container], {
    detached: true,
    stdio: ["ignore", console.fd, console.fd],
    cwd: "/",
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once("spawn", () => resolve(child.pid ?? 0));
  const pid = await promise;
  child.unref();
  return { pid, startTime: (await startTimeOf(pid)) ?? "" };
}

/** Name of the container: unique on the machine, whatever the network namespace. */
export function machineName(state: SimState, name: string): string {
  return `pcs-${name}-${state.instance}`;
}

/** Process 1 of the host, as the operator's machine numbers it; undefined while there is none. */
export async function initOf(supervisor: ProcessId): Promise<number | undefined> {
  if (!(await isAlive(supervisor))) return undefined;
  const [container] = await childrenOf(supervisor.pid);
  if (container === undefined) return undefined;
  const [init] = await childrenOf(container);
  return init;
}

/** Asks the host to power off; after the deadline, or when it has no process 1, everything of it is killed. */
export async function stopContainer(
  state: SimState,
  name: string,
  supervisor: ProcessId | undefined,
  { deadlineMs }: { readonly deadlineMs: number },
  signal: AbortSignal,
): Promise<void> {
  const init = supervisor === undefined ? undefined : await initOf(supervisor);
  if (init !== undefined && deadlineMs > 0) {
    signalProcess(init, powerOff);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
    try {
      await untilEmpty(state, name, deadlineMs, limit);
    } catch (error) {
      if (!limit.aborted) throw error;
    }
  }
  await killContainer(state, name, signal);
}

/** Ends every process of the host at once, as a power failure does, and removes its cgroups and what nspawn forgets. */
export async function killContainer(state: SimState, name: string, signal: AbortSignal): Promise<void> {
  const hierarchies = await detectHierarchies();
  for (const pid of await processesOf(hierarchies, state, name)) signalProcess(pid, "SIGKILL");
  await untilEmpty(state, name, 20_000, signal);
  await removeCgroups(hierarchies, state, name, signal);
  await removeNspawnFiles(state, name);
}

/** True while any process of the host lives. */
export async function isRunning(state: SimState, name: string): Promise<boolean> {
  return (await processesOf(await detectHierarchies(), state, name)).size > 0;
}

async function untilEmpty(state: SimState, name: string, deadlineMs: number, signal: AbortSignal): Promise<void> {
  const what = {
    subject: name,
    expected: "no process of the host to be left",
    at: `cgroup pulumi-clan-sim/${state.instance}/${name}`,
    fix: "look for a process in uninterruptible sleep (ps -eo pid,stat,comm)",
  };
  await waitFor(what, { deadlineMs, everyMs: 20 }, async () => !(await isRunning(state, name)), signal);
}

// systemd-nspawn 252 leaves its folder for propagated mounts and the lock on its root behind when it is killed.
async function removeNspawnFiles(state: SimState, name: string): Promise<void> {
  for (const folder of ["propagate", "unix-export"]) {
    try {
      await rmdir(`/run/systemd/nspawn/${folder}/${machineName(state, name)}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  try {
    const { dev, ino } = await stat(hostPaths(state, name).root);
    await rm(`/run/systemd/nspawn/locks/inode-${dev}:${ino}`, { force: true });
  } catch (error) {
    if (!isNotFound(error)) throw error; // no root: nothing was started from it
  }
}
