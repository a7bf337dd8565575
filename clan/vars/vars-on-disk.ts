import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Names of the generators whose vars are on disk. */
export interface VarsOnDisk {
  /** The folder, relative to the fleet's root. */
  readonly directory: string;
  /** Machine → generators. */
  readonly perMachine: Readonly<Record<string, readonly string[]>>;
  readonly shared: readonly string[];
}

/**
 * Lists the clan's vars, reading none of them.
 * Source: clan-core 26.05, `vars/per-machine/<machine>/<generator>`, `vars/shared/<generator>`.
 */
export async function listVars(root: string, directory = "vars"): Promise<VarsOnDisk> {
  const machines = await folders(join(root, directory, "per-machine"));
  const perMachine = await Promise.all(
    machines.map(async (machine) => [machine, await folders(join(root, directory, "per-machine", machine))] as const),
  );
  return {
    directory,
    perMachine: Object.fromEntries(perMachine),
    shared: await folders(join(root, directory, "shared")),
  };
}

async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
