import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { emitFleet } from "../../../clan/emission/emit-fleet.ts";
import { readFleet } from "../../../clan/read-fleet.ts";

/** The fleet whose emission is kept beside it, word for word. */
export const smallFleet = join(import.meta.dirname, "small-fleet");
const expectedFolder = join(import.meta.dirname, "expected");

/** The committed emission, by path. */
export function expectedFiles(): ReadonlyMap<string, string> {
  const entries = readdirSync(expectedFolder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(expectedFolder, path), readFileSync(path, "utf8")]),
  );
}

// `node tests/clan/emission/expected-files.ts` writes what is emitted now; its diff is to be read.
if (import.meta.main) {
  rmSync(expectedFolder, { recursive: true, force: true });
  for (const [path, text] of emitFleet((await readFleet(smallFleet)).evaluation)) {
    mkdirSync(dirname(join(expectedFolder, path)), { recursive: true });
    writeFileSync(join(expectedFolder, path), text);
  }
}
