import { readFileSync } from "node:fs";
import type { DefinitionSource } from "../evaluation/definition.ts";
import { pathInFleet } from "../source-location.ts";
import { KeyIndex } from "./key-index.ts";

/** A TypeScript file with definitions; its text is read when a line is first asked for. */
export class SourceFile implements DefinitionSource {
  readonly file: string;
  readonly root: string;
  readonly #path: string;
  #index: KeyIndex | undefined;

  constructor(root: string, path: string) {
    this.root = root;
    this.#path = path;
    this.file = pathInFleet(root, path);
  }

  locate(path: readonly string[]): number | undefined {
    this.#index ??= new KeyIndex(readText(this.#path));
    const plain = this.#index.locate(path);
    const inConfig = this.#index.locate(["config", ...path]);
    if (inConfig !== undefined && inConfig.matched - 1 > (plain?.matched ?? 0)) return inConfig.line;
    return plain?.line;
  }
}

/** Lines are a courtesy: a file that can no longer be read has none. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw error;
  }
}

/** The source of each file, read once. */
export class SourceFiles {
  readonly root: string;
  readonly #byPath = new Map<string, SourceFile>();

  constructor(root: string) {
    this.root = root;
  }

  of(path: string): SourceFile {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const source = new SourceFile(this.root, path);
    this.#byPath.set(path, source);
    return source;
  }
}
