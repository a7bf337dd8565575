import { existsSync, globSync, readdirSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { checkout, type DocumentedCommand } from "./documented-commands.ts";
import { isPlaceholder } from "./synopsis.ts";

/** Files that are the reader's own, and where they come from. */
const readersOwn: ReadonlyMap<string, string> = new Map([["./result", "what `nix build` leaves"]]);

/** Options whose value is a file that the command makes. */
const outputOptions = new Set(["--hardware-report", "--import-file", "--pack-destination"]);
const extension = /\.(ts|nix|json|md|ya?ml|sh|html|txt)$/;
const folders = new Set(
  readdirSync(checkout, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? one.name : [])),
);

/** @returns those that neither lie in the checkout nor come from an earlier command of the page, `page:line: file`. */
export function missingFiles(commands: readonly DocumentedCommand[]): string[] {
  const made = new Map<string, string[]>();
  return commands.flatMap(({ page, line, statements }) =>
    statements.flatMap(({ words, writes }) => {
      const outputs = words.filter((_, index) => outputOptions.has(words[index - 1] ?? ""));
      const before = [...(made.get(page) ?? []), ...outputs];
      const missing = words.slice(1).filter((word) => isFile(word) && !isThere(word, before));
      made.set(page, [...before, ...writes]);
      return missing.map((file) => `${page}:${line}: ${file}`);
    }),
  );
}

/** Whether a word of a command names a file of the project: neither a store path, nor an address, nor below the home folder. */
function isFile(word: string): boolean {
  if (isPlaceholder(word) || /^[-~$]|:|^\/nix\/store\//.test(word)) return false;
  if (/^\.\.?\//.test(word)) return true;
  const [first = "", ...rest] = word.split("/");
  return (rest.length > 0 && folders.has(first)) || (extension.test(word) && !/[\s$]/.test(word));
}

function isThere(word: string, made: readonly string[]): boolean {
  if (readersOwn.has(word) || existsSync(join(checkout, word)) || made.includes(word)) return true;
  if (!word.includes("*")) return false;
  // What a shell put in for a variable is not known: `comment-$STACK.md` was made as some `comment-*.md`.
  return globSync(word, { cwd: checkout }).length > 0 || made.some((one) => matchesGlob(one, word));
}
