import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { SimulationError } from "./errors.ts";
import { type HostSpec, hostSpecSchema } from "./host-spec.ts";

/** Where one simulation keeps everything; two simulations with different directories do not know each other. */
export interface SimState {
  /** `.state/sim` of the checkout, or PULUMI_CLAN_SIM_STATE. Absolute. */
  readonly directory: string;
  /** Six hex digits of the directory's hash: part of the names of containers and cgroups. */
  readonly instance: string;
  /** Private key that every host accepts for root. */
  readonly operatorKey: string;
  /** Host keys in the layout of clan's vars. */
  readonly vars: string;
  /** Root file systems shared by all simulations of the user. */
  readonly cache: string;
}

/** The state below `directory`; nothing is created. @throws {SimulationError} on a path that overlayfs cannot take. */
export function simState(directory: string, environment: NodeJS.ProcessEnv = process.env): SimState {
  const absolute = resolve(directory);
  const cache = resolve(environment["PULUMI_CLAN_CACHE"] ?? join(homedir(), ".cache", "pulumi-clan"));
  for (const path of [absolute, cache]) {
    if (!/[:,\\]/.test(path)) continue;
    throw new SimulationError({
      summary: "the simulation cannot work in this folder",
      expected: 'a path without ":", "," and "\\", which separate the options of an overlay mount',
      found: path,
      at: path === cache ? "PULUMI_CLAN_CACHE" : "PULUMI_CLAN_SIM_STATE",
      fix: "name another folder in that variable",
    });
  }
  return {
    directory: absolute,
    instance: createHash("sha256").update(absolute).digest("hex").slice(0, 6),
    operatorKey: join(absolute, "operator_ed25519"),
    vars: join(absolute, "vars"),
    cache,
  };
}

/** The simulation of this checkout: PULUMI_CLAN_SIM_STATE, else `.state/sim` beside package.json. */
export function defaultSimState(environment: NodeJS.ProcessEnv = process.env): SimState {
  const checkout = resolve(import.meta.dirname, "..", "..");
  return simState(environment["PULUMI_CLAN_SIM_STATE"] || join(checkout, ".state", "sim"), environment);
}

/** Directories and files of one host. */
export interface HostPaths {
  readonly directory: string;
  /** Mount point of the size-bounded file system with overlayfs' upper and work folders. */
  readonly disk: string;
  /** Mount point of the host's root. */
  readonly root: string;
  /** Mount point of the look-alike of the EFI system partition. */
  readonly boot: string;
  readonly record: string;
  readonly console: string;
}

export function hostPaths(state: SimState, name: string): HostPaths {
  const directory = join(state.directory, "hosts", name);
  const at = (file: string): string => join(directory, file);
  return {
    directory,
    disk: at("disk"),
    root: at("root"),
    boot: at("boot"),
    record: at("host.json"),
    console: at("console.log"),
  };
}

const hostRecordSchema = z.strictObject({
  schema: z.literal(1),
  spec: hostSpecSchema,
  /** Supervisor of the container, absent while the host is off. A pid counts only with its start time: pids are reused. */
  supervisor: z.strictObject({ pid: z.int().positive(), startTime: z.string() }).optional(),
  /** Inode of the network namespace that holds the operator's end of the link. */
  network: z.int().positive(),
  /** Seconds from the start of the container to an answering sshd, of the last boot. */
  bootSeconds: z.number().optional(),
});
export type HostRecord = z.output<typeof hostRecordSchema>;

/** The record of a host; undefined: the simulation has no such host. @throws {SimulationError} when it cannot be read. */
export async function readRecord(state: SimState, name: string): Promise<HostRecord | undefined> {
  const path = hostPaths(state, name).record;
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return hostRecordSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SimulationError(
      {
        summary: `${name}: the simulation's record of this host cannot be read`,
        expected: "JSON as this version writes it",
        found: cause instanceof Error ? cause.message : String(cause),
        at: path,
        fix: "run `npm run sim -- down`: it removes what is there by name",
      },
      { cause },
    );
  }
}

export async function writeRecord(state: SimState, record: HostRecord): Promise<void> {
  await writeAtomically(hostPaths(state, record.spec.name).record, `${JSON.stringify(record, null, 2)}\n`);
}

/** Names of all hosts that left a folder, also after a crash. */
export async function recordedHosts(state: SimState): Promise<readonly string[]> {
  try {
    return (await readdir(join(state.directory, "hosts"), { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Writes a file whole or not at all. */
export async function writeAtomically(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}

/** The text of a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Paths of a host's published key, relative to nothing: `vars/per-machine/<m>/openssh/ssh.id_ed25519.pub/value`. */
export function publishedKeyPath(state: SimState, { name }: Pick<HostSpec, "name">): string {
  return join(state.vars, "per-machine", name, "openssh", "ssh.id_ed25519.pub", "value");
}
