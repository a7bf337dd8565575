import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EvaluationSettings } from "../../local-nix/evaluation-request.ts";
import type { Location } from "../fleet-model.ts";
import { fileIn, flakeFolder } from "./origin.ts";

/** Files beyond this number are not looked through for a name. */
const mostFiles = 5000;

/**
 * Where a flake states machines and instances. Nix tells the file of a definition, sometimes that of clan's own module
 * instead, and never the line: that is found in the text.
 */
export class Declarations {
  readonly #tree: EvaluationSettings["tree"];
  readonly #root: string;
  #files: readonly string[] | undefined;

  constructor(tree: EvaluationSettings["tree"]) {
    this.#tree = tree;
    this.#root = flakeFolder(tree);
  }

  /**
   * @param option - the option below which the name stands: `machines` or `instances`.
   * @param origins - files that Nix names, the best first.
   * @param position - of the attribute itself, where Nix has it.
   */
  find(
    option: "machines" | "instances",
    name: string,
    origins: readonly (string | null)[],
    position: { readonly file: string; readonly line: number } | null = null,
  ): Location {
    const at = position === null ? undefined : fileIn(position.file, this.#tree);
    if (at !== undefined && position !== null) return { file: at, line: position.line };
    for (const origin of origins) {
      const stated = origin === null ? undefined : fileIn(origin, this.#tree);
      // A folder of clan's layout is a statement by being there.
      const file = stated === join("machines", name) ? this.#ownFile(name) : stated;
      const found = file === undefined ? undefined : this.#inFile(file, option, name);
      if (found !== undefined) return found;
    }
    for (const file of this.#nixFiles()) {
      const found = this.#inFile(file, option, name);
      if (found?.line !== undefined) return found;
    }
    return { file: (option === "machines" ? this.#ownFile(name) : undefined) ?? "flake.nix" };
  }

  #ownFile(machine: string): string | undefined {
    const file = join("machines", machine, "configuration.nix");
    return existsSync(join(this.#root, file)) ? file : undefined;
  }

  /** The name bound at or below a line that names the option; the file alone where it is not found in it. */
  #inFile(file: string, option: string, name: string): Location | undefined {
    const path = join(this.#root, file);
    if (!/\.(?:nix|json)$/.test(file) || !existsSync(path)) return undefined;
    const lines = readFileSync(path, "utf8").split("\n");
    const start = lines.findIndex((line) => new RegExp(`\\b${option}\\b`).test(line));
    const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const bound = new RegExp(`(?:^|[\\s{;.(])"?${escaped}"?\\s*(?:=(?!=)|\\.[a-zA-Z"]|:)`);
    const found = lines.findIndex((line, index) => start !== -1 && index >= start && bound.test(withoutComment(line)));
    return found === -1 ? { file } : { file, line: found + 1 };
  }

  #nixFiles(): readonly string[] {
    this.#files ??= readdirSync(this.#root, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".nix") || file === "inventory.json")
      .sort()
      .slice(0, mostFiles);
    return this.#files;
  }
}

function withoutComment(line: string): string {
  return line.replace(/(?:^|\s)#.*$/, "");
}
