import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { z } from "zod";
import type { EvaluationSettings } from "../../local-nix/evaluation-request.ts";

/** `flake.modules.<class>.<entry>`. */
export interface EntryName {
  readonly class: string;
  readonly entry: string;
}

/** Folder in the store in which the flake's own `flake.nix` lies. */
export function flakeFolder({ path, dir }: EvaluationSettings["tree"]): string {
  return dir === undefined ? path : join(path, dir);
}

/**
 * The entry that a module's `_file` names: by flake-parts' stamp `<flake>#modules.nixos."machines/nixos/galena"`, or, for the
 * unstamped class `generic`, by the definition `<file>, via option flake.modules.generic.base`.
 * Source: flake-parts 427bf4b, extras/modules.nix; nixpkgs, lib/types.nix, deferredModuleWith.
 */
export function entryIn(origin: string): EntryName | undefined {
  const path = /(?:#|, via option flake\.)modules\.(.+)$/s.exec(origin)?.[1];
  const [ofClass, entry, ...more] = path === undefined ? [] : attributePath(path);
  return ofClass === undefined || entry === undefined || more.length > 0 ? undefined : { class: ofClass, entry };
}

/** `a."b/c".d` → a, b/c, d. Source: nixpkgs, lib/strings.nix: escapeNixIdentifier is JSON with `$` escaped, too. */
function attributePath(text: string): string[] {
  const parts = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|([^."]+)/gs)];
  return parts.map(([, quoted, plain]) => (quoted === undefined ? (plain ?? "") : unquoted(quoted)));
}

function unquoted(text: string): string {
  const json = text.replace(/\\(.)/gs, (pair, character: string) => (character === "$" ? "$" : pair));
  try {
    return z.string().parse(JSON.parse(`"${json}"`));
  } catch (error) {
    if (error instanceof SyntaxError) return text; // nobody's escaping that is known: as it stands
    throw error;
  }
}

/** The file that a `_file` names, without what follows it, relative to the flake's folder; undefined outside of its tree. */
export function fileIn(origin: string, tree: EvaluationSettings["tree"]): string | undefined {
  const file = origin.replace(/, via option .*$/s, "");
  // A stamp names no file, only its flake.
  if (/#modules\./.test(file)) return undefined;
  if (file.startsWith(`${tree.path}/`)) return posix.relative(flakeFolder(tree), file);
  // Emitted files name their TypeScript source relative to the flake.
  return /^[\w.]/.test(file) && existsSync(join(flakeFolder(tree), file)) ? file : undefined;
}
