import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, it } from "mocha";
import { composeScript, composeText } from "../../deploy/host-script.ts";

const folders = ["health", "secrets", "boot"].map((room) => new URL(`../../deploy/${room}/scripts/`, import.meta.url));
const files = folders.flatMap((folder) => readdirSync(folder).map((file) => new URL(file, folder)));

describe("scripts of health, secrets and boot", () => {
  it("are read by dash and by bash", () => {
    for (const file of files) {
      for (const shell of ["/bin/dash", "/bin/bash"]) {
        const { status, stderr } = spawnSync(shell, ["-n"], { input: composeText([file]), encoding: "utf8" });
        assert.deepEqual([file.pathname, status, stderr], [file.pathname, 0, ""]);
      }
    }
  });

  it("run not even in part when the connection cuts them short", () => {
    const { text } = composeScript("trial", [new URL("trial.sh", folders[2])], []);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length - 3 }), (length) => {
        const traced = spawnSync("/bin/sh", ["-s"], { input: `set -x\n${text.slice(0, length)}`, encoding: "utf8" });
        assert.ok(!/^\+/m.test(traced.stderr), traced.stderr.slice(0, 200));
      }),
      { numRuns: 40 },
    );
  });
});
