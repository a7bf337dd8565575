import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { activationPolicySchema } from "../../deploy/activation/policy.ts";
import { statedPolicy, wholePolicy } from "../../providers/stored-closure.ts";

const policies = fc
  .record(
    {
      mode: fc.constantFrom("switch", "boot", "test", "dry"),
      takeOver: fc.boolean(),
      ackDeadlineSeconds: fc.integer({ min: 5, max: 86_400 }),
      specialisation: fc.constantFrom(null, "docked"),
      hooks: fc.record({ beforeTest: fc.constantFrom([], [{ argv: ["/bin/true"] }]) }),
    },
    { requiredKeys: [] },
  )
  .map((stated) => activationPolicySchema.parse(stated));

describe("a policy in the state", () => {
  it("is what differs from the defaults, which come back when it is read", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        assert.deepEqual(wholePolicy(JSON.parse(JSON.stringify(statedPolicy(policy)))), policy);
      }),
    );
    assert.deepEqual(statedPolicy(activationPolicySchema.parse({})), {});
    const { mode } = activationPolicySchema.parse({ mode: "boot" });
    assert.deepEqual(statedPolicy(activationPolicySchema.parse({ mode, testDeadlineSeconds: 900 })), { mode: "boot" });
  });

  it("is read as former releases stored it, and asks for nothing where it is of another form", () => {
    const whole = activationPolicySchema.parse({ takeOver: true });
    assert.deepEqual(wholePolicy(whole), whole);
    for (const other of [undefined, 3, { formerKey: 1 }])
      assert.deepEqual(wholePolicy(other), activationPolicySchema.parse({}));
  });
});
