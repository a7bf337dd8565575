import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { maxSopsBytes } from "./sops/sops-metadata.ts";

/** Clan's own, and what is nobody's source. */
const passedOver = new Set(["vars", "sops", "node_modules", "result", "flake.lock"]);
const deepest = 8;

/**
 * Files of the fleet outside clan's folders that name one of these recipients: sops files of any format, rules of
 * `.sops.yaml`. Nothing is decrypted.
 * @returns relative to the root, sorted.
 */
export async function filesNaming(root: string, recipients: readonly string[]): Promise<readonly string[]> {
  return recipients.length === 0 ? [] : await below(root, "", recipients, deepest);
}

async function below(root: string, folder: string, recipients: readonly string[], depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const found: string[] = [];
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (passedOver.has(path) || entry.name === "node_modules") continue;
    if (entry.isDirectory() && !entry.name.startsWith("."))
      found.push(...(await below(root, path, recipients, depth - 1)));
    else if (entry.isFile() && (await names(join(root, path), recipients))) found.push(path);
  }
  return found;
}

async function names(path: string, recipients: readonly string[]): Promise<boolean> {
  if ((await stat(path)).size > maxSopsBytes) return false;
  const text = await readFile(path, "latin1");
  return recipients.some((recipient) => text.includes(recipient));
}
