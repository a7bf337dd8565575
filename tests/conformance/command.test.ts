import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, it } from "mocha";

const main = resolve(import.meta.dirname, "../../conformance/main.ts");

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("npm run conformance", function () {
  this.timeout(60_000);

  it("says that it compared nothing where no inputs are given", () => {
    const said = "conformance: skipped: no --inputs DIR with checkouts of the real module system was given\n";
    assert.deepEqual(run(), { status: 0, stdout: said, stderr: "" });
  });

  it("does not call it agreement where the folder has nothing to compare with", () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "conformance-"));
    const { status, stdout, stderr } = run("--inputs", folder.path);
    assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
    assert.match(stderr, /: there is no nixpkgs to compare with\n/);
  });
});
