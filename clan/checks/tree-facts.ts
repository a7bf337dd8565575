import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type MachineFolders, readInventoryJson, readMachineFolders, readPackageNames } from "./disk/clan-folders.ts";
import { type FlakeLock, readLock } from "./disk/flake-lock.ts";
import { readGitFacts } from "./disk/git-facts.ts";
import { type PassedOver, walkModules } from "./disk/module-files.ts";
import { readStagedPrivateFiles, type StagedPrivateFile } from "./disk/private-files.ts";
import { type Recipe, readRecipes } from "./disk/recipes.ts";
import { readSecrets, type SecretFacts } from "./disk/secrets-on-disk.ts";
import { readStackFiles, type StackFile } from "./disk/stack-files.ts";

/** Disk, git and source of a fleet's folder. Contents of secrets are never part of it. */
export interface TreeFacts {
  readonly root: string;
  /** True: files that git does not know are evaluated as well. */
  readonly evaluatesUntracked: boolean;
  /** Files below the module folders that import-tree leaves out. */
  readonly passedOver: readonly PassedOver[];
  /** Module files that git does not know, relative to the root; null: no git repository. */
  readonly untracked: readonly string[] | null;
  /** Module files that git was told to ignore. */
  readonly ignored: readonly string[];
  /** Text of module files, by path relative to the root. */
  readonly sources: ReadonlyMap<string, string>;
  readonly machineFolders: MachineFolders;
  /** Machines that inventory.json names. */
  readonly inventoryJson: readonly string[];
  /** Own packages, `pkgs/by-name/<name>`. */
  readonly packages: readonly string[];
  readonly secrets: SecretFacts;
  readonly lock: FlakeLock | null;
  readonly recipes: readonly Recipe[];
  /** The stacks' files in the folder. */
  readonly stacks: readonly StackFile[];
  /** Files of the operator's alone, named by the stacks, that are part of the source tree. */
  readonly privateFiles: readonly StagedPrivateFile[];
}

/** Where a fleet's modules lie. */
export interface TreeOptions {
  /** Folders whose every file is imported, relative to the root. */
  readonly moduleFolders: readonly string[];
  /** Folders whose text is looked at; those of modules among them. */
  readonly sourceFolders: readonly string[];
  /** Files beside them whose text is looked at. */
  readonly sourceFiles: readonly string[];
  /** Names of files that can be modules. */
  readonly modules: RegExp;
  readonly evaluatesUntracked: boolean;
}

/** Reads everything that {@link TreeFacts} holds. @throws the file system's errors, but for what is not there. */
export async function readTreeFacts(root: string, options: TreeOptions, signal: AbortSignal): Promise<TreeFacts> {
  const { moduleFolders, sourceFolders } = options;
  const walkingModules = walkModules(root, moduleFolders);
  const walkingSources = sourceFolders === moduleFolders ? walkingModules : walkModules(root, sourceFolders);
  const [git, modules, sources, machineFolders, inventoryJson, packages, secrets, lock, recipes, stacks] =
    await Promise.all([
      readGitFacts(root, sourceFolders, options.modules, signal),
      walkingModules,
      walkingSources.then(({ files }) => readSources(root, [...files, ...options.sourceFiles])),
      readMachineFolders(root),
      readInventoryJson(root),
      readPackageNames(root),
      readSecrets(root),
      readLock(root),
      readRecipes(root),
      readStackFiles(root),
    ]);
  const named = [...sources.values()];
  return {
    root,
    evaluatesUntracked: options.evaluatesUntracked,
    // A helper that a module names is not passed over: it is imported by hand.
    passedOver: modules.passedOver.filter(
      ({ names }) => !named.some((text) => names.some((name) => text.includes(name))),
    ),
    ...git,
    sources,
    machineFolders,
    inventoryJson,
    packages,
    secrets,
    lock,
    recipes,
    stacks,
    privateFiles: await readStagedPrivateFiles(root, stacks, signal),
  };
}

/** At once: they were loaded a moment ago, and waiting for a thread to read each takes three times as long. */
function readSources(root: string, files: readonly string[]): ReadonlyMap<string, string> {
  return new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
}
