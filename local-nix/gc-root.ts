import { lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { defaultCacheDir } from "./cache-folder.ts";

/** Whose roots they are, e.g. project and stack: one machine's name may stand in several. */
export type RootScope = readonly string[];

/**
 * Where a machine's root lies, its folder made: `gc-roots/<scope>@<scope>/<name>`, without a scope `gc-roots/<name>`.
 * Encoded and joined by `@`, no two scopes and no machine share a folder.
 */
export async function gcRoot(
  name: string,
  { cacheDir = defaultCacheDir(), rootScope = [] }: { readonly cacheDir?: string; readonly rootScope?: RootScope },
): Promise<string> {
  const folder = join(cacheDir, "gc-roots", rootScope.map(encodeURIComponent).join("@"));
  await mkdir(folder, { recursive: true });
  if (rootScope.length > 0) await dropUnscoped(join(cacheDir, "gc-roots", name));
  return join(folder, name);
}

/** Version 0.1 knew no scopes: its link would keep a machine's system of that day for ever. */
async function dropUnscoped(root: string): Promise<void> {
  const found = await lstat(root).catch(() => undefined); // not there, or not ours to see
  if (found?.isSymbolicLink() === true) await rm(root, { force: true });
}
