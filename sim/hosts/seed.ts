import { createHash } from "node:crypto";
import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { type BootstrapSystem, bootstrapSources, installBootstrapSystem } from "./bootstrap-system.ts";
import { SimulationError } from "./errors.ts";
import type { HostSpec } from "./host-spec.ts";
import { withLock } from "./lock.ts";
import { isNotFound, type SimState } from "./sim-state.ts";

/** Units of Debian that a test host does not need, or that reach for a network which is not there. */
const maskedUnits = [
  ..."apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer".split(" "),
  ..."console-getty.service getty.target getty-static.service ldconfig.service systemd-firstboot.service".split(" "),
  ..."systemd-journal-catalog-update.service systemd-binfmt.service systemd-modules-load.service".split(" "),
  ..."proc-sys-fs-binfmt_misc.automount ssh.socket sshd-unix-local.socket systemd-networkd.service".split(" "),
];

/** What decides which layers a host stands on. */
export type Layering = Pick<HostSpec, "kind" | "loader">;

/** Read-only layers of a host's root, the uppermost first: what its kind adds, then the shared Debian. */
export async function rootLayers(state: SimState, layering: Layering, signal: AbortSignal): Promise<readonly string[]> {
  const base = join(state.cache, "hosts", "base-trixie");
  if (!(await isThere(join(base, "usr/lib/systemd/systemd")))) {
    throw new SimulationError({
      summary: "the root file system of the simulated hosts is missing",
      expected: "a Debian root with systemd, sshd and Nix",
      found: "nothing usable",
      at: base,
      fix: "run `npm run setup`",
    });
  }
  const seed = join(state.cache, "hosts", `seed-${layering.kind}-${await seedKey(layering)}`);
  if (!(await isThere(seed))) {
    await withLock(`${seed}.lock`, () => makeSeed(seed, state, layering, signal), signal);
  }
  const now = new Date();
  await utimes(seed, now, now); // in use
  return [seed, base];
}

function bootstrapSystem({ kind, loader }: Layering): BootstrapSystem | undefined {
  if (kind === "debian") return undefined;
  return kind === "darwin" ? "launchd" : loader;
}

async function makeSeed(seed: string, state: SimState, layering: Layering, signal: AbortSignal): Promise<void> {
  if (await isThere(seed)) return; // somebody else made it while we waited
  const { kind } = layering;
  const hosts = join(state.cache, "hosts");
  await mkdir(hosts, { recursive: true });
  // Built beside and renamed: a half-made layer is never taken for a finished one.
  const work = await mkdtemp(join(hosts, ".seed-"));
  try {
    await chmod(work, 0o755);
    const copy = (tree: string): Promise<void> =>
      cp(join(import.meta.dirname, "files", tree), work, { recursive: true });
    await copy("common");
    await copy(kind);
    await maskUnits(work);
    if (kind === "darwin") await linkDarwinTools(work, join(hosts, "base-trixie"));
    const system = bootstrapSystem(layering);
    if (system !== undefined) await installBootstrapSystem(state, system, work, signal);
    await rename(work, seed);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await removeOldSeeds(hosts);
}

const keptDays = 14;

// A change of the look-alikes makes new seeds of a few MB each; those that no host stands on and nobody asked for go.
async function removeOldSeeds(hosts: string): Promise<void> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  for (const name of await readdir(hosts)) {
    const path = join(hosts, name);
    if (!/^seed-[a-z]+-[0-9a-f]{12}$/.test(name) || mounts.includes(path)) continue;
    const ageDays = (Date.now() - (await stat(path)).mtimeMs) / 86_400_000;
    if (ageDays > keptDays) await rm(path, { recursive: true, force: true });
  }
}

async function maskUnits(root: string): Promise<void> {
  const units = join(root, "etc/systemd/system");
  await mkdir(units, { recursive: true });
  for (const unit of maskedUnits) await symlink("/dev/null", join(units, unit));
  await symlink("/usr/lib/systemd/system/multi-user.target", join(units, "default.target"));
}

/** Commands of Linux that a Mac does not have. */
const notOnDarwin =
  /^(systemctl|systemd-.*|journalctl|loginctl|busctl|hostnamectl|networkctl|timedatectl|localectl|machinectl|bootctl|portablectl|resolvectl|varlinkctl|run0|flock|findmnt|ip|bridge|ss|lsns|nsenter|unshare|setsid|uname|apt.*|dpkg.*|getent)$/;

// A Mac's ssh sessions see one folder of commands: links to Debian's, without those of Linux, and the stand-ins.
async function linkDarwinTools(root: string, base: string): Promise<void> {
  const folder = join(root, "usr/lib/simulated-host/darwin-bin");
  await mkdir(folder, { recursive: true });
  const own = new Set(await readdir(folder));
  for (const from of ["usr/bin", "usr/sbin"]) {
    for (const name of await readdir(join(base, from))) {
      if (own.has(name) || notOnDarwin.test(name)) continue;
      own.add(name);
      await symlink(`/${from}/${name}`, join(folder, name));
    }
  }
}

// Covers the sources of all that lies in a seed: nothing is evaluated to find one that is there.
async function seedKey(layering: Layering): Promise<string> {
  const system = bootstrapSystem(layering);
  const hash = createHash("sha256").update(`${layering.kind} ${system ?? ""}\n`);
  for (const tree of ["common", layering.kind]) await hashTree(join(import.meta.dirname, "files", tree), tree, hash);
  if (system !== undefined) for (const source of bootstrapSources) await hashTree(source, basename(source), hash);
  for (const file of ["seed.ts", "bootstrap-system.ts"]) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 12);
}

async function hashTree(path: string, name: string, hash: ReturnType<typeof createHash>): Promise<void> {
  const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const [child, label] = [join(path, entry.name), `${name}/${entry.name}`];
    if (entry.isDirectory()) await hashTree(child, label, hash);
    else hash.update(`${label}\n`).update(entry.isSymbolicLink() ? await readlink(child) : await readFile(child));
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Writes a file below a root that is not running, with its folders. */
export async function writeBelow(root: string, path: string, text: string, mode = 0o644): Promise<void> {
  const target = join(root, path);
  await mkdir(join(target, ".."), { recursive: true });
  await writeFile(target, text, { mode });
}
