import { type Dirent, readdirSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { FleetDefinitionError } from "./errors.ts";
import { compareText } from "./nearest.ts";

/** Files of one tree, relative to the tree's folder, with "/". */
export interface DiscoveredFiles {
  readonly ts: readonly string[];
  readonly nix: readonly string[];
}

/**
 * The flake modules below a folder, by import-tree's rules: recursive; a path in which, relative to the folder, `/_`
 * occurs is passed over, file or folder, at any depth; links to folders are passed over, links to files are kept; hidden
 * files, `default.ts` and its siblings count like any other. Folders and files come in the alphabet's order.
 *
 * For `.ts` two kinds that can never be modules are passed over as well: `*.d.ts`, which has no code, and `*.test.ts`,
 * which needs a test runner. For `.nix` the rules are import-tree's alone, since Nix applies them to the same folder.
 *
 * Source: import-tree c41e7d58, default.nix; what it keeps and drops was tried on a tree.
 * @throws {FleetDefinitionError} the folder does not exist.
 */
export function discoverModules(root: string, dir: string): DiscoveredFiles {
  const folder = join(root, dir);
  const found: string[] = [];
  try {
    walk(folder, "", found);
  } catch (error) {
    throw unreadable(dir, error);
  }
  return {
    ts: found.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && !file.endsWith(".test.ts")),
    nix: found.filter((file) => file.endsWith(".nix")),
  };
}

function walk(folder: string, inside: string, found: string[]): void {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => compareText(a.name, b.name));
  for (const entry of entries) {
    if (entry.name.startsWith("_")) continue;
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) walk(join(folder, entry.name), path, found);
    else if (isFile(folder, entry)) found.push(path);
  }
}

function isFile(folder: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  // A dangling link is kept: loading it then says what is wrong, where passing over it would be silent.
  return statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() !== true;
}

function unreadable(dir: string, cause: unknown): FleetDefinitionError {
  return new FleetDefinitionError(
    {
      summary: `importTree(${JSON.stringify(dir)}): the folder cannot be read`,
      expected: `a folder ${dir.split(sep).join("/")} beside fleet.ts`,
      found: cause instanceof Error ? cause.message : String(cause),
      at: "fleet.ts",
      fix: "create the folder, or correct the path: it is relative to fleet.ts",
    },
    { cause },
  );
}
