import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fingerprint, parseHostKey } from "../../deploy/ssh/host-key.ts";
import { formerHostKeys, stillFormer } from "../../providers/former-host-keys.ts";
import { makeKey } from "../deploy/support/ssh-server.ts";

const pin = (source: string) => ({ key: parseHostKey(makeKey().public), source });
const [shown, next, other] = [pin("vars/old"), pin("vars/new"), pin("vars/other")];

describe("a host key that is not declared any more", () => {
  it("is accepted while a host shows it that was seen to, and no other is", () => {
    const state = { hostKeys: [shown, other], hostKey: fingerprint(shown.key) };
    assert.deepEqual(formerHostKeys(state, [next]), [shown]);
    assert.deepEqual(formerHostKeys(state, [shown]), [], "it is declared still");
    const rolledBack = { hostKeys: [next], formerHostKeys: [shown], hostKey: fingerprint(shown.key) };
    assert.deepEqual(formerHostKeys(rolledBack, [next]), [shown]);
  });

  it("is none for a host that was never seen, or whose state is of another form", () => {
    for (const olds of [undefined, {}, { hostKeys: [shown] }, { hostKeys: "x", hostKey: 1 }])
      assert.deepEqual(formerHostKeys(olds, [next]), []);
  });

  it("is forgotten as soon as the host shows a declared one", () => {
    assert.deepEqual(stillFormer([shown], fingerprint(shown.key)), [shown]);
    assert.deepEqual(stillFormer([shown], fingerprint(next.key)), []);
  });
});
