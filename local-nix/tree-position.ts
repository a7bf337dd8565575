import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NixErrorBlock, NixPosition } from "./nix-error.ts";
import { renderPosition } from "./nix-error.ts";
import type { StagedTree } from "./staged-tree.ts";

type Tree = Pick<StagedTree, "path" | "root">;

/** Where the reader has to look; at least one of the two is there. */
export interface Place {
  /** TypeScript file relative to the fleet's folder. */
  readonly source?: string;
  /** `file:line` of the Nix file at which evaluation stopped, relative to the fleet's folder if it is below it. */
  readonly nixFile?: string;
}

/** Names files as the reader knows them: relative to the fleet's folder instead of below the copy in the store. */
export function inTree(tree: Tree, text: string): string {
  return text.replaceAll(`${tree.path}/`, "");
}

/**
 * The file that an error is about. A place in the tree is preferred to one in an input: `lib.mkOption` throws in
 * nixpkgs, but the definition to correct is the reader's. A TypeScript file is named by the message itself, or by the
 * `_file` line of the emitted file.
 */
export async function placeInTree(tree: Tree, block: NixErrorBlock): Promise<Place | undefined> {
  const own = block.file === undefined ? [] : [{ file: block.file, ...(block.line === undefined ? {} : block) }];
  const positions: readonly NixPosition[] = [...own, ...block.frames];
  const position = positions.find(({ file }) => file.startsWith(`${tree.path}/`)) ?? positions[0];
  const sources = block.sources.map((file) => inTree(tree, file));
  const named = sources.find((file) => file.endsWith(".ts")) ?? sources.find((file) => !file.startsWith("/"));
  const emittedFrom = position === undefined ? undefined : await sourceOf(tree, position.file);
  const source = named ?? emittedFrom;
  // A message that names its definitions is raised by whoever merges them: that place helps nobody.
  const elsewhere = named !== undefined && named !== emittedFrom;
  const text = position === undefined || elsewhere ? undefined : renderPosition(position);
  const nixFile = text === undefined ? undefined : inTree(tree, text);
  if (source === undefined && nixFile === undefined) return undefined;
  return { ...(source === undefined ? {} : { source }), ...(nixFile === undefined ? {} : { nixFile }) };
}

async function sourceOf(tree: Tree, file: string): Promise<string | undefined> {
  const path = inTree(tree, file);
  if (path.startsWith("/") || !path.endsWith(".nix")) return undefined;
  const text = await readFile(join(tree.path, path), "utf8").catch(() => ""); // no file, no source to name
  return /^\s*_file = "([^"\n]+\.ts)";/m.exec(text)?.[1];
}

/** `modules/nixos/base.ts (nix/entries/nixos/base/base.nix:5)`, or the one that is known. */
export function renderPlace({ source, nixFile }: Place): string {
  if (source === undefined) return nixFile ?? "";
  return nixFile === undefined ? source : `${source} (${nixFile})`;
}
