import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  fingerprint,
  hostKeyFromBlob,
  hostKeyType,
  parseHostKey,
  serverHostKeyAlgorithms,
} from "../../../deploy/ssh/host-key.ts";
import { makeKey } from "../support/ssh-server.ts";

// Made by `ssh-keygen -t ed25519`; the fingerprint is what `ssh-keygen -lf` prints for it.
const known = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP94fieGjoE83ArKK1Nzt3KgWYyYSpX5g+UMKe0fJZgt";
const knownFingerprint = "SHA256:jTRYgWGX73wFOMuICcV3b8gTUERjSZ5U5eyhxz7KvJM";

describe("host key", () => {
  it("is read with and without comment, as key files and vars hold it", () => {
    for (const text of [known, `${known} root@galena`, `  ${known}\n`, known.replace(" ", "\t")]) {
      assert.equal(parseHostKey(text), known);
    }
    assert.equal(hostKeyType(parseHostKey(known)), "ssh-ed25519");
  });

  it("has the fingerprint that OpenSSH prints", () => {
    assert.equal(fingerprint(parseHostKey(known)), knownFingerprint);
  });

  it("is refused when it is none", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["", /<type> <base64>/],
      ["ssh-ed25519", /<type> <base64>/],
      [`${known}\n${known}`, /one line/],
      [known.replace("ssh-ed25519", "ssh-dss"), /found "ssh-dss"/],
      [known.replace("ssh-ed25519", "ssh-rsa"), /not of type ssh-rsa/],
      ["ssh-ed25519 !!!!", /base64/],
      ["constructor AAAA", /found "constructor"/],
    ];
    for (const [text, message] of cases) assert.throws(() => parseHostKey(text), message);
  });

  it("is the same from a server's bytes, and no bytes make it crash", () => {
    for (const { public: key } of [makeKey(), makeKey("rsa")]) {
      assert.equal(hostKeyFromBlob(Buffer.from(key.split(" ")[1] ?? "", "base64")), key);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => assert.throws(() => hostKeyFromBlob(bytes), TypeError)),
    );
  });

  it("asks for the algorithms of the pinned types alone", () => {
    assert.deepEqual(serverHostKeyAlgorithms([parseHostKey(known)]), ["ssh-ed25519"]);
    assert.deepEqual(serverHostKeyAlgorithms([parseHostKey(makeKey("rsa").public)]), ["rsa-sha2-512", "rsa-sha2-256"]);
  });
});
