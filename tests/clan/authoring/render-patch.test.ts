import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "mocha";
import { renderPatch } from "../../../clan/authoring/render-patch.ts";

describe("a rendered patch", () => {
  it("shows the lines that change with three around them", () => {
    const before = Array.from({ length: 20 }, (_, index) => `${index}\n`).join("");
    const after = before.replace("3\n", "3\nnew\n").replace("15\n", "");
    assert.equal(
      renderPatch({ path: "a.ts", before, after }),
      `diff --git a/a.ts b/a.ts
--- a/a.ts
+++ b/a.ts
@@ -2,6 +2,7 @@
 1
 2
 3
+new
 4
 5
 6
@@ -13,7 +14,6 @@
 12
 13
 14
-15
 16
 17
 18
`,
    );
  });

  it("is taken by git, and gives the new text", function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "patch-"));
    const line = fc.constantFrom("", "a", "b", "c", "  d", "é", "-", "+x", "\\");
    const text = fc
      .tuple(fc.array(line, { maxLength: 12 }), fc.boolean())
      .map(([lines, ends]) => lines.join("\n") + (ends ? "\n" : ""));
    try {
      const cases = fc.sample(fc.tuple(fc.option(text), fc.option(text)), { numRuns: 60, seed: 7 });
      const changes = cases
        .map(([before, after], index) => ({ path: `f${index}`, before, after }))
        .filter(({ before, after }) => before !== after && after !== "" && before !== "");
      for (const { path, before } of changes) if (before !== null) writeFileSync(join(folder, path), before);
      const patch = changes.map(renderPatch).join("");
      execFileSync("git", ["apply", "--whitespace=nowarn", "-"], {
        cwd: folder,
        input: patch,
        stdio: ["pipe", "pipe", "pipe"],
      });
      for (const { path, after } of changes)
        if (after === null) assert.equal(existsSync(join(folder, path)), false, path);
        else assert.equal(readFileSync(join(folder, path), "utf8"), after, path);
      assert.ok(changes.length > 40);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
