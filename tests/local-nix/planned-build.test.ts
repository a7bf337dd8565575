import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "mocha";
import { runNix } from "../../local-nix/nix-command.ts";
import { parsePlannedBuild, readPlannedBuild } from "../../local-nix/planned-build.ts";
import { soon } from "./support/fixtures.ts";

/** Two derivations, one of which needs the other. @returns the upper one's path. */
async function derivations(): Promise<{ readonly drv: string; readonly lower: string }> {
  const salt = randomBytes(8).toString("hex");
  const expression = `let
    make = name: text: derivation { inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo ${salt} \${text} > $out" ]; };
    lower = make "lower" "";
  in { lower = lower.drvPath; drv = (make "upper" "\${lower}").drvPath; }`;
  const text = await runNix(["eval", "--impure", "--json", "--expr", expression], { signal: soon() });
  return JSON.parse(text) as { drv: string; lower: string }; // our own expression's
}

describe("what Nix would build", () => {
  it("is counted with all that it needs, less what is built by then, and is not built by asking", async () => {
    const { drv, lower } = await derivations();
    const nothing = { derivations: 0, fetchedPaths: 0, downloadBytes: 0 };
    assert.deepEqual(await readPlannedBuild(drv, 60_000, soon()), { ...nothing, derivations: 2 });
    await runNix(["build", "--no-link", `${lower}^out`], { signal: soon() });
    assert.deepEqual(await readPlannedBuild(drv, 60_000, soon()), { ...nothing, derivations: 1 });
    await runNix(["build", "--no-link", `${drv}^out`], { signal: soon() });
    assert.deepEqual(await readPlannedBuild(drv, 60_000, soon()), nothing);
  });

  it("is read from Nix' words, in the singular and in the plural, with any unit and among warnings", () => {
    const path = "  /nix/store/zyzcjyc30c81b9mmkz24bsmr7q680hvx-a";
    const one = ["warning: unknown setting 'x'", "this derivation will be built:", `${path}.drv`];
    assert.deepEqual(parsePlannedBuild(one), { derivations: 1, fetchedPaths: 0, downloadBytes: 0 });
    const fetched = (what: string, size: string): number[] => {
      const lines = ["these 12 derivations will be built:", `${path}.drv`, `${what} will be fetched (${size}):`, path];
      const { derivations, fetchedPaths, downloadBytes } = parsePlannedBuild(lines) ?? assert.fail();
      return [derivations, fetchedPaths, downloadBytes];
    };
    assert.deepEqual(fetched("these 30 paths", "1.50 MiB download, 4.00 MiB unpacked"), [12, 30, 1_572_864]);
    assert.deepEqual(fetched("this path", "2.0 KiB download, 1.0 GiB unpacked"), [12, 1, 2048]);
    assert.equal(parsePlannedBuild(["don't know how to build these paths:", `${path}.drv`]), undefined);
    assert.deepEqual(parsePlannedBuild([]), { derivations: 0, fetchedPaths: 0, downloadBytes: 0 });
  });
});
