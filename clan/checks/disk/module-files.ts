import { stat } from "node:fs/promises";
import { join } from "node:path";
import { entriesOf } from "./absent.ts";

/** Something below a module folder that is not imported. */
export interface PassedOver {
  /** Relative to the fleet's root. */
  readonly path: string;
  readonly why: "underscore" | "suffix" | "linked folder";
  /** What a module that imports it by hand would name. */
  readonly names: readonly string[];
}

export interface ModuleFiles {
  /** Flake modules, relative to the root. */
  readonly files: readonly string[];
  readonly passedOver: readonly PassedOver[];
}

const module = /(?<!\.d|\.test)\.ts$|\.nix$/;
/** What editors, `mv` and people leave behind. */
const setAside = /\.(?:nix|ts)(?:\.(?:bak|orig|old|off|disabled|save|swp|rej)|~)$/;

/** Below a tree that is the whole repository these hold thousands of files of others. */
const notOurs: ReadonlySet<string> = new Set([".git", "node_modules"]);

/** Walks module folders by import-tree's rules. Source: import-tree c41e7d58, default.nix. */
export async function walkModules(root: string, folders: readonly string[]): Promise<ModuleFiles> {
  const files: string[] = [];
  const passedOver: PassedOver[] = [];
  for (const folder of folders) await walk(root, folder, files, passedOver);
  return { files, passedOver };
}

async function walk(root: string, folder: string, files: string[], passedOver: PassedOver[]): Promise<void> {
  for (const entry of await entriesOf(join(root, folder))) {
    if (notOurs.has(entry.name)) continue;
    const path = folder === "." ? entry.name : `${folder}/${entry.name}`;
    const leave = (why: PassedOver["why"], names: readonly string[]): void =>
      void passedOver.push({ path, why, names });
    if (entry.name.startsWith("_")) {
      const held = entry.isDirectory()
        ? await modulesBelow(join(root, path))
        : module.test(entry.name)
          ? [entry.name]
          : [];
      if (held.length > 0) leave("underscore", [entry.name]);
    } else if (entry.isDirectory()) await walk(root, path, files, passedOver);
    else if (setAside.test(entry.name)) leave("suffix", [entry.name]);
    else if (entry.isSymbolicLink() && (await isFolder(join(root, path)))) {
      if ((await modulesBelow(join(root, path))).length > 0) leave("linked folder", [entry.name]);
    } else if (module.test(entry.name) && (entry.isFile() || (await isFile(join(root, path))))) files.push(path);
  }
}

async function modulesBelow(folder: string): Promise<readonly string[]> {
  const below = await Promise.all(
    (await entriesOf(folder)).map(async (entry) => {
      if (entry.isDirectory()) return modulesBelow(join(folder, entry.name));
      return entry.isFile() && module.test(entry.name) ? [entry.name] : [];
    }),
  );
  return below.flat();
}

async function isFolder(path: string): Promise<boolean> {
  return (await existing(path))?.isDirectory() === true;
}

async function isFile(path: string): Promise<boolean> {
  return (await existing(path))?.isFile() === true;
}

async function existing(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined; // a dangling link: whoever loads it says so
    throw error;
  });
}
