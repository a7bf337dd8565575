import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";
import { allRules } from "../../../clan/checks/all-rules.ts";
import { unseen } from "../../../clan/checks/unseen.ts";
import { renderChecks } from "../../../scripts/docs/checks.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");

describe("docs/checks.md", () => {
  it("says what the rules say of themselves", async () => {
    const written = await readFile(join(root, "docs/checks.md"), "utf8");
    assert.equal(written, renderChecks(allRules), "run: node scripts/docs/checks.ts");
  });

  it("has for every rule a test that names it", async () => {
    const files = await Array.fromAsync(glob("tests/clan/checks/*.test.ts", { cwd: root }));
    const texts = await Promise.all(files.map((file) => readFile(join(root, file), "utf8")));
    assert.deepEqual(
      allRules.filter(({ id }) => !texts.some((text) => text.includes(`${id} `))).map(({ id }) => id),
      [],
    );
  });

  it("has a rule or a reason for each of the 38 silent failures", () => {
    const ids = [...allRules.map(({ id }) => id as string), ...Object.keys(unseen)];
    const catalogue = Array.from({ length: 38 }, (_, index) => `FC${String(index + 1).padStart(3, "0")}`);
    assert.deepEqual(
      catalogue.filter((id) => !ids.includes(id)),
      [],
    );
    assert.equal(new Set(ids).size, ids.length, "an id is given once");
  });
});
