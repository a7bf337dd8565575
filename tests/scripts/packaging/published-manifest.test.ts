import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { manifestSchema, publishedManifest } from "../../../scripts/packaging/published-manifest.ts";

const stated: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
const published = publishedManifest(manifestSchema.parse(stated));

describe("the published manifest", () => {
  it("leads every entry to JavaScript, with its types first", () => {
    assert.deepEqual(published.exports["."], { types: "./pulumi-clan.d.ts", default: "./pulumi-clan.js" });
    assert.deepEqual(published.exports["./runtime/system-closure"], {
      types: "./providers/runtime/system-closure.d.ts",
      default: "./providers/runtime/system-closure.js",
    });
    assert.equal(published.exports["./package.json"], "./package.json");
    assert.deepEqual(published.bin, { fleet: "./cli/fleet.js" });
  });

  it("keeps nothing that only the checkout needs", () => {
    assert.deepEqual(
      ["scripts", "devDependencies", "main", "private"].filter((key) => key in published),
      [],
    );
  });
});
