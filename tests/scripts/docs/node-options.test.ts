import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { gcpNodeSchema } from "../../../clan/fleet-model.ts";
import { renderNodeOptions } from "../../../scripts/docs/node-options.ts";

const docs = join(resolve(import.meta.dirname, "..", "..", ".."), "docs");

describe("docs/nodes.md", () => {
  it("says what the options say of themselves, each with its default", async () => {
    assert.equal(
      await readFile(join(docs, "nodes.md"), "utf8"),
      renderNodeOptions(),
      "run: node scripts/docs/node-options.ts",
    );
  });

  it("has every key of a node, and a meaning for each", () => {
    const rows = renderNodeOptions()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    const { definedAt: _place, ...stated } = gcpNodeSchema.shape;
    const top = rows.map((row) => row.split("`")[1] ?? "").filter((name) => !name.includes("."));
    assert.deepEqual(top.sort(), Object.keys(stated).sort());
    assert.deepEqual(
      rows.filter((row) => row.endsWith("|  |")),
      [],
    );
  });
});
