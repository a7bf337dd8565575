import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A Nix function that lies beside its reader, with what all of them share, as text for `--apply`. */
export function nixFunction(file: `${string}.nix`, argument = ""): string {
  return `(${read(file)}) (${read("modules.nix")}) ${argument}`;
}

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, file), "utf8");
}
