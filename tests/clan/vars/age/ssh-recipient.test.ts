import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { bech32 } from "@scure/base";
import { describe, it } from "mocha";
import { recipientOf } from "../../../../clan/vars/age/age-file.ts";
import { sshRecipient } from "../../../../clan/vars/age/ssh-recipient.ts";

describe("the age recipient of an SSH host key", () => {
  it("is that of the age key which the private half turns into", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const [point, seed] = [publicKey, privateKey].map((key) => key.export({ format: "jwk" }));
    const blob = Buffer.concat([
      Buffer.from([0, 0, 0, 11]),
      Buffer.from("ssh-ed25519"),
      Buffer.from([0, 0, 0, 32]),
      Buffer.from(point?.x ?? "", "base64url"),
    ]);
    // Source: ssh-to-age 1.2, `convert.go`: the first half of the seed's SHA-512, as X25519 takes it.
    const scalar = createHash("sha512")
      .update(Buffer.from(seed?.d ?? "", "base64url"))
      .digest()
      .subarray(0, 32);
    const identity = bech32.encode("age-secret-key-", bech32.toWords(Uint8Array.from(scalar)), false).toUpperCase();
    assert.equal(sshRecipient(`ssh-ed25519 ${blob.toString("base64")} root@galena`), await recipientOf(identity));
  });

  it("is none for a key of another kind", () => {
    assert.equal(sshRecipient("ssh-rsa AAAAB3NzaC1yc2E="), undefined);
    assert.equal(sshRecipient("ssh-ed25519 AAAA"), undefined);
  });
});
