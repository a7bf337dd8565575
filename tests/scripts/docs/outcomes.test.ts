import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { outcomeFactsSchema, outcomeKinds } from "../../../deploy/outcome.ts";
import { renderOutcomes } from "../../../scripts/docs/outcomes.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");

describe("docs/outcomes.md", () => {
  it("says what the outcomes' own code says", async () => {
    const written = await readFile(join(root, "docs/outcomes.md"), "utf8");
    assert.equal(written, await renderOutcomes(root), "run: node scripts/docs/outcomes.ts");
  });

  it("has every outcome and every fact, each with a meaning", async () => {
    const rows = (await renderOutcomes(root)).split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.map((row) => row.split("`")[1]);
    for (const name of [...outcomeKinds, ...Object.keys(outcomeFactsSchema.shape)])
      assert.ok(named.includes(name), name);
    assert.deepEqual(
      rows.filter((row) => row.split("|")[2]?.trim() === ""),
      [],
    );
  });
});
