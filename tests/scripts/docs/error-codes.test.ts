import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { readErrorCodes, renderErrorCodes } from "../../../scripts/docs/error-codes.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");

describe("docs/errors.md", () => {
  it("says what the classes say", async () => {
    const written = await readFile(join(root, "docs/errors.md"), "utf8");
    assert.equal(written, renderErrorCodes(await readErrorCodes(root)), "run: node scripts/docs/error-codes.ts");
  });

  it("has every code that the sources use, each once", async () => {
    const exclude = (name: string): boolean => ["node_modules", ".state", "tests"].includes(name);
    const sources = await Array.fromAsync(glob("*/**/*.ts", { cwd: root, exclude }));
    const texts = await Promise.all(["errors.ts", ...sources].map((file) => readFile(join(root, file), "utf8")));
    const used = texts.flatMap((text) => [...text.matchAll(/code = "(FLEET_\w+)"/g)].map(([, code]) => code)).sort();
    assert.deepEqual(
      (await readErrorCodes(root)).map(({ code }) => code),
      used,
    );
  });
});
