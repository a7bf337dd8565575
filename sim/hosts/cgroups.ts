import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "./lock.ts";
import { isNotFound, type SimState } from "./sim-state.ts";

const base = "/sys/fs/cgroup";
const parent = "pulumi-clan-sim";
// Of the whole machine: the last host of one simulation must not remove a parent that another has just looked at.
const lock = "/run/pulumi-clan-sim.lock";

/**
 * The cgroup hierarchies of this machine. Unified: one, at /sys/fs/cgroup; hybrid and legacy: one below it per controller.
 * Two containers must never share a cgroup: the systemd of each would take the other's services for its own.
 */
export interface Hierarchies {
  readonly kind: "unified" | "legacy";
  readonly roots: readonly string[];
}

export async function detectHierarchies(): Promise<Hierarchies> {
  if (await exists(join(base, "cgroup.controllers"))) return { kind: "unified", roots: [base] };
  const roots: string[] = [];
  for (const entry of await readdir(base, { withFileTypes: true })) {
    // Symbolic links (cpu -> cpu,cpuacct) name a hierarchy a second time.
    if (entry.isDirectory() && (await exists(join(base, entry.name, "cgroup.procs"))))
      roots.push(join(base, entry.name));
  }
  return { kind: "legacy", roots };
}

/** Makes the host's cgroups in every hierarchy, with a child `container` in each, and gives their paths. */
export async function createCgroups(
  { roots }: Hierarchies,
  state: SimState,
  host: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return withLock(lock, () => makeGroups(roots, state, host), signal);
}

async function makeGroups(roots: readonly string[], state: SimState, host: string): Promise<readonly string[]> {
  const made: string[] = [];
  for (const root of roots) {
    let path = root;
    for (const part of [parent, state.instance, host, "container"]) {
      path = join(path, part);
      await mkdir(path, { recursive: true });
      await inheritCpuset(path);
    }
    made.push(join(path, ".."));
  }
  return made;
}

// A new cgroup of the legacy cpuset controller has no processor: nobody can enter it before these two files are filled.
async function inheritCpuset(path: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const own = join(path, file);
    if (!(await exists(own)) || (await exists(join(path, "cgroup.controllers")))) continue;
    if ((await readFile(own, "utf8")).trim() !== "") continue;
    await writeFile(own, await readFile(join(path, "..", file), "utf8"));
  }
}

/** Every process of the host, also those that its supervisor lost: all of them stay in the host's cgroups. */
export async function processesOf({ roots }: Hierarchies, state: SimState, host: string): Promise<ReadonlySet<number>> {
  const pids = new Set<number>();
  for (const root of roots) await collect(join(root, parent, state.instance, host), pids);
  return pids;
}

async function collect(path: string, pids: Set<number>): Promise<void> {
  for (const line of (await readOrEmpty(join(path, "cgroup.procs"))).split("\n"))
    if (line !== "" && line !== "0") pids.add(Number(line));
  for (const child of await childGroups(path)) await collect(child, pids);
}

/** CPU time of everything that ever ran on the host, seconds. @throws when the host has no cgroup that counts it */
export async function cpuSecondsOf({ kind, roots }: Hierarchies, state: SimState, host: string): Promise<number> {
  for (const root of roots) {
    const group = join(root, parent, state.instance, host);
    const text = await readOrEmpty(join(group, kind === "unified" ? "cpu.stat" : "cpuacct.usage"));
    const micros = /^usage_usec (\d+)$/m.exec(text)?.[1];
    if (micros !== undefined) return Number(micros) / 1e6;
    if (/^\d+\n$/.test(text)) return Number(text) / 1e9;
  }
  throw new Error(`${host}: no cgroup counts its CPU time`);
}

/** Removes the host's cgroups, innermost first. They must be empty of processes. */
export async function removeCgroups(
  { roots }: Hierarchies,
  state: SimState,
  host: string,
  signal: AbortSignal,
): Promise<void> {
  await withLock(lock, () => removeGroups(roots, state, host), signal);
}

async function removeGroups(roots: readonly string[], state: SimState, host: string): Promise<void> {
  for (const root of roots) {
    await removeTree(join(root, parent, state.instance, host));
    // The shared parents go with the last host.
    for (const path of [join(root, parent, state.instance), join(root, parent)]) {
      if ((await exists(path)) && (await childGroups(path)).length === 0) await removeGroup(path);
    }
  }
}

async function removeTree(path: string): Promise<void> {
  for (const child of await childGroups(path)) await removeTree(child);
  await removeGroup(path);
}

async function removeGroup(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // EBUSY: another host moved in meanwhile (shared parents); it removes them when it leaves.
    if (code !== "ENOENT" && !(code === "EBUSY" && (await childGroups(path)).length > 0)) throw error;
  }
}

async function childGroups(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(path, name));
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    // EOPNOTSUPP: a threaded cgroup lists no processes of its own. ENODEV: it was removed while being read.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "EOPNOTSUPP" || code === "ENODEV") return "";
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
