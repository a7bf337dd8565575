import assert from "node:assert/strict";
import { describe, it } from "mocha";
import ssh2 from "ssh2";
import { makeKeyPair } from "../../../deploy/ssh/key-pair.ts";

describe("a new key pair", () => {
  it("can be read, and both halves belong together, however many are made", function () {
    this.timeout(60_000);
    // One of 256 that ssh2 makes is none.
    for (let count = 0; count < 3_000; count++) {
      const { privateKey, publicKey } = makeKeyPair("root@galena");
      const key = ssh2.utils.parseKey(privateKey);
      assert.ok(!(key instanceof Error), publicKey);
      assert.equal(publicKey, `ssh-ed25519 ${key.getPublicSSH().toString("base64")} root@galena`);
    }
  });
});
