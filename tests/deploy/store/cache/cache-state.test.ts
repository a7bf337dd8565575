import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { parseCacheState } from "../../../../deploy/store/cache/cache-state.ts";

describe("what a host says before its system goes to a cache", () => {
  it("is whether it has it, and whose signatures it accepts", () => {
    const text = "valid\tno\nrequire-sigs\ttrue\ntrusted-public-keys\ta-1:AAAA= b-1:BBBB=\n";
    assert.deepEqual(parseCacheState(text), {
      valid: false,
      trustedKeys: ["a-1:AAAA=", "b-1:BBBB="],
      requiresSignatures: true,
    });
  });

  it("is the strictest where it says nothing", () => {
    assert.deepEqual(parseCacheState(""), { valid: false, trustedKeys: [], requiresSignatures: true });
    fc.assert(
      fc.property(fc.string(), (noise) => {
        fc.pre(!/^(valid|require-sigs|trusted-public-keys)\t/m.test(noise));
        assert.deepEqual(parseCacheState(noise), { valid: false, trustedKeys: [], requiresSignatures: true });
      }),
    );
  });
});
