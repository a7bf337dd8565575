import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/security.md"), "utf8");

/** Rows of the tables whose second column names tests. */
const claims = page
  .split(/^\| claim \| shown by \|\n\|---\|---\|\n/m)
  .slice(1)
  .flatMap((text) => text.slice(0, text.indexOf("\n\n")).split("\n"))
  .map((line) => ({ claim: line.split(" | ")[0]?.slice(2) ?? "", shownBy: line.split(" | ")[1]?.slice(0, -2) ?? "" }));

describe("the page on security", () => {
  it("names for each claim a test that there is", () => {
    assert.ok(claims.length >= 45, `${claims.length} claims`);
    for (const { claim, shownBy } of claims) {
      const named = [...shownBy.matchAll(/`([^`]+)`: "([^"]+)"/g)];
      assert.ok(named.length > 0, claim);
      assert.equal(named.map(([all]) => all).join("; "), shownBy, `${claim}: nothing but names of tests`);
      for (const [, file = "", title] of named) {
        const path = join(root, file);
        assert.ok(existsSync(path), `${claim}: ${file}`);
        assert.ok(readFileSync(path, "utf8").includes(`it("${title}"`), `${claim}: ${file} has no test "${title}"`);
      }
    }
  });

  it("has no claim outside of those tables", () => {
    const listed = page.split("\n").filter((line) => line.startsWith("| ") && line.includes("tests/"));
    assert.equal(listed.length, claims.length);
  });
});
