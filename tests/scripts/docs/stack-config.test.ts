import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { renderSchema, renderStackConfig } from "../../../scripts/docs/stack-config.ts";

const docs = join(resolve(import.meta.dirname, "..", "..", ".."), "docs");

describe("docs/stack-config.md and its JSON Schema", () => {
  it("say what the schema says by which the files are read", async () => {
    const told = "run: node scripts/docs/stack-config.ts";
    assert.equal(await readFile(join(docs, "stack-config.md"), "utf8"), renderStackConfig(), told);
    assert.equal(await readFile(join(docs, "stack-config.schema.json"), "utf8"), renderSchema(), told);
  });

  it("give every key a meaning", () => {
    const rows = renderStackConfig()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 40, `${rows.length} keys`);
    assert.deepEqual(
      rows.filter((row) => row.endsWith("|  |")),
      [],
    );
  });
});
