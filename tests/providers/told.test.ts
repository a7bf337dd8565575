import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FleetError } from "../../errors.ts";
import * as packageExports from "../../package.json" with { type: "json" };
import { errorInWords, told } from "../../providers/told.ts";

class KnownError extends FleetError {
  readonly code = "FLEET_KNOWN";
  readonly id = "galena";
}

const known = (): KnownError =>
  new KnownError({ summary: "galena: no", expected: "yes", found: "no", at: "fleet.ts:1", fix: "say yes" });

describe("an error of a provider", () => {
  it("of ours is handed over as it is, with the state that Pulumi keeps, and without a stack", async () => {
    const error = known();
    const { update } = told({ update: () => Promise.reject(error) });
    await assert.rejects(update(), (thrown) => thrown === error);
    assert.deepEqual([error.id, error.stack], ["galena", ""]);
  });

  it("that nobody thought of says so, and how the trace is had; one after ^C is none", () => {
    const bug = new TypeError("x is undefined");
    assert.match(
      errorInWords(bug, false, false).message,
      /^x is undefined\n {2}fix: {6}this is a bug of pulumi-clan.* with PULUMI_CLAN_DEBUG=1/,
    );
    assert.equal(
      errorInWords(bug, false, true).message,
      "interrupted\n  found:    x is undefined\n  fix:      run it again: it goes on where the host stands",
    );
    assert.equal(
      errorInWords(new Error("interrupted"), false, true).message,
      "interrupted\n  fix:      run it again: it goes on where the host stands",
    );
  });

  it("is in words whatever Pulumi calls: every runtime that states name goes through here", async () => {
    const runtimes = Object.entries(packageExports.default.exports).filter(([entry]) => entry.startsWith("./runtime/"));
    assert.equal(runtimes.length, 6);
    for (const [entry, file] of runtimes) assert.equal(file, `./providers${entry.slice(1)}.ts`);
  });

  it("leaves answers and arguments as they are", async () => {
    const { check, limit } = told({ check: async (olds: string, news: string) => `${olds} ${news}`, limit: 3 });
    assert.deepEqual([await check("a", "b"), limit], ["a b", 3]);
  });
});
