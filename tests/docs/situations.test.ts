import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";

const root = join(import.meta.dirname, "../..");
const abbreviations = { H: "tests/deploy/on-hosts", S: "tests/sim/system/switching.test.ts" } as const;

/** The last cell of each row of the page's tables. */
const rows = readFileSync(join(root, "docs/situations.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.includes("| shown by |"))
  .map((line) => ({ first: line.split("|")[1]?.trim() ?? "", shownBy: line.split("|").at(-2)?.trim() ?? "" }));

function pathOf(text: string): string {
  const path = text.replace(/^H(?=\/)/, abbreviations.H);
  return path === "S" ? abbreviations.S : path;
}

describe("the page of situations", () => {
  it("names for each row a test that there is, or says why there is none", () => {
    assert.ok(rows.length >= 40, `${rows.length} rows`);
    for (const { first, shownBy } of rows) {
      if (shownBy.startsWith("none: ")) continue;
      const named = [...shownBy.matchAll(/`([^`]+)`: "([^"]+)"/g)];
      assert.ok(named.length > 0, first);
      assert.equal(named.map(([all]) => all).join("; "), shownBy, `${first}: nothing but names of tests`);
      for (const [, file = "", title] of named) {
        const path = join(root, pathOf(file));
        assert.ok(existsSync(path), `${first}: ${path}`);
        assert.ok(readFileSync(path, "utf8").includes(`it("${title}"`), `${first}: ${file} has no test "${title}"`);
      }
    }
  });
});
