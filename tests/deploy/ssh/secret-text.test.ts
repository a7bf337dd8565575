import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, it } from "mocha";
import { connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { SecretText } from "../../../deploy/ssh/secret-text.ts";

describe("a secret text", () => {
  it("shows itself in no way that prints things", () => {
    const secret = new SecretText("hunter2");
    const spec = connectionSpecSchema.parse({ machine: "g", address: "g", sudoPassword: secret });
    const texts = [
      `${secret}`,
      String(secret),
      JSON.stringify({ secret }),
      inspect(secret, { depth: 9, showHidden: true }),
      inspect(spec),
      JSON.stringify(spec),
    ];
    for (const text of texts) {
      assert.doesNotMatch(text, /hunter2/);
      assert.match(text, /\[secret\]/);
    }
    assert.deepEqual(Object.keys(secret), []);
    assert.equal(spec.sudoPassword?.reveal(), "hunter2");
  });

  it("is one line, and what is none is not repeated in the error", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("\n", "\r", "\0"), (text, end) => {
        const parsed = connectionSpecSchema.safeParse({
          machine: "g",
          address: "g",
          sudoPassword: `hunter2${text}${end}`,
        });
        assert.equal(parsed.success, false);
        assert.doesNotMatch(JSON.stringify(parsed.error?.issues), /hunter2/);
      }),
    );
  });
});
