import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ClanKeys } from "../../fidelity/clan-keys.ts";
import { TemporaryFolder } from "../local-nix/support/temporary-folder.ts";

const operatorKey = (): string | undefined => process.env["SOPS_AGE_KEY"];

describe("the key that opens a scenario's secrets", () => {
  it("goes with its clan, and stays while it is another one's", async () => {
    await using folder = await TemporaryFolder.make();
    const before = operatorKey();
    using flint = new ClanKeys(`${folder.path}/flint`, "flint");
    {
      using _done = new ClanKeys(`${folder.path}/topaz`, "topaz");
      await flint.rotate();
    }
    const given = operatorKey();
    assert.match(given ?? "", /^AGE-SECRET-KEY-1/);
    flint[Symbol.dispose]();
    assert.equal(operatorKey(), before);
  });
});
