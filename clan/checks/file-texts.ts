import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Location } from "../fleet-model.ts";

/** How far below a statement its parts are looked for, in lines. */
const mostLines = 80;

/** Nix tells the file of a definition and never its line: that is found in the text, which is read once. */
export class FileTexts {
  readonly #root: string;
  readonly #lines = new Map<string, readonly string[]>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The first line that has `word` as a whole word, from `line` on and not far below it. Default: of the whole file. */
  find({ file, line = 1 }: Location, word: string): Location | undefined {
    return this.#search(file, line, line === 1 ? undefined : line + mostLines, word);
  }

  #search(file: string, first: number, end: number | undefined, word: string): Location | undefined {
    const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const whole = new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`);
    const lines = this.#linesOf(file).slice(first - 1, end === undefined ? undefined : end - 1);
    const found = lines.findIndex((text) => whole.test(text));
    return found === -1 ? undefined : { file, line: first + found };
  }

  /**
   * Where a path of attributes is written: from the line of each of its names on the next one is looked for, whether they
   * stand on one line or nested. Of several files that one counts which has the most of them.
   * @returns null without files.
   */
  mention(files: readonly string[], path: readonly string[]): Location | null {
    const places = files.map((file) => {
      let at: Location = { file };
      let found = 0;
      for (const name of path) {
        const next = this.#search(file, at.line ?? 1, undefined, name);
        if (next === undefined) continue;
        at = next;
        found++;
      }
      return { at, found };
    });
    return places.toSorted((a, b) => b.found - a.found)[0]?.at ?? null;
  }

  #linesOf(file: string): readonly string[] {
    const known = this.#lines.get(file);
    if (known !== undefined) return known;
    const path = join(this.#root, file);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    this.#lines.set(file, lines);
    return lines;
  }
}
