import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { listVars } from "./vars-on-disk.ts";

/** `<generator>/<file>` → what it holds, without white space at its end. */
export type PublicValues = Readonly<Record<string, string>>;

/** The public vars of some machines, for whoever cannot read the clan's folder. */
export interface PublicVars {
  readonly perMachine: Readonly<Record<string, PublicValues>>;
  readonly shared: PublicValues;
}

/** Keys, addresses, names and certificates; what is larger is left out. */
const mostBytes = 16 * 1024;

/**
 * Source: clan-core 26.05, `vars/per-machine/<machine>/<generator>/<file>/value`, `vars/shared/<generator>/<file>/value`.
 * @param varsDir - the clan's `vars` folder.
 */
export async function readPublicVars(varsDir: string, machines: readonly string[]): Promise<PublicVars> {
  const { perMachine, shared } = await listVars(dirname(varsDir), basename(varsDir));
  const own = machines.map(async (machine) => {
    const generators = Object.hasOwn(perMachine, machine) ? (perMachine[machine] ?? []) : [];
    return [machine, await valuesIn(join(varsDir, "per-machine", machine), generators)] as const;
  });
  return {
    perMachine: Object.fromEntries(await Promise.all(own)),
    shared: await valuesIn(join(varsDir, "shared"), shared),
  };
}

async function valuesIn(folder: string, generators: readonly string[]): Promise<PublicValues> {
  const values: [string, string][] = [];
  for (const generator of generators) {
    for (const file of (await readdir(join(folder, generator))).sort()) {
      const value = await textOf(join(folder, generator, file, "value"));
      if (value !== undefined) values.push([`${generator}/${file}`, value.trimEnd()]);
    }
  }
  return Object.fromEntries(values);
}

/** @returns undefined for a secret var, which has no such file, and for what is no text. */
async function textOf(path: string): Promise<string | undefined> {
  const size = await stat(path).then(
    (found) => found.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return Number.POSITIVE_INFINITY;
      throw error;
    },
  );
  if (size > mostBytes) return undefined;
  const text = await readFile(path, "utf8");
  return text.includes("\uFFFD") ? undefined : text;
}
