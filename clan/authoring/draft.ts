import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A file of the fleet before and after a command. */
export interface FileChange {
  /** Relative to the fleet's root, with "/". */
  readonly path: string;
  /** Null: there is none yet. */
  readonly before: string | null;
  /** Null: the file is removed. */
  readonly after: string | null;
}

/** Files of a fleet with edits that nobody has written yet. */
export class Draft {
  readonly root: string;
  readonly #files = new Map<string, { readonly before: string | null; readonly after: string | null }>();

  constructor(root: string) {
    this.root = root;
  }

  /** The text as it will be; undefined: there is no such file. */
  read(path: string): string | undefined {
    const drafted = this.#files.get(path);
    return (drafted === undefined ? this.#onDisk(path) : drafted.after) ?? undefined;
  }

  write(path: string, after: string): void {
    this.#change(path, after);
  }

  remove(path: string): void {
    this.#change(path, null);
  }

  #change(path: string, after: string | null): void {
    const drafted = this.#files.get(path);
    const before = drafted === undefined ? this.#onDisk(path) : drafted.before;
    this.#files.set(path, { before, after });
  }

  /** What is not as it was, in the alphabet's order. */
  get changes(): readonly FileChange[] {
    return [...this.#files]
      .filter(([, { before, after }]) => before !== after)
      .map(([path, texts]) => ({ path, ...texts }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #onDisk(path: string): string | null {
    try {
      return readFileSync(join(this.root, path), "utf8");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw error;
    }
  }
}
