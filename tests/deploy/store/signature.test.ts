import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { after, before, describe, it } from "mocha";
import { readClosure } from "../../../deploy/store/path-info.ts";
import {
  fingerprintOf,
  isSignedBy,
  nixBase32,
  parsePublicKeys,
  parseSigningKey,
  signPath,
} from "../../../deploy/store/signature.ts";
import { unacceptable } from "../../../deploy/store/trust.ts";
import { patience } from "../support/signals.ts";
import { addClosure } from "./support/closures.ts";

const nix = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)("nix", ["--extra-experimental-features", "nix-command", ...args]);
  return stdout.trim();
};

describe("signatures of store paths", () => {
  let folder = "";
  let secret = "";
  let published = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "keys-"));
    secret = await nix("key", "generate-secret", "--key-name", "fleet-1");
    await writeFile(join(folder, "secret"), secret, { mode: 0o600 });
    published = (
      await promisify(execFile)("sh", [
        "-c",
        `nix --extra-experimental-features nix-command key convert-secret-to-public <"$1"`,
        "sh",
        join(folder, "secret"),
      ])
    ).stdout.trim();
  });
  after(() => rm(folder, { recursive: true }));

  it("are those that Nix makes with the same key, for paths with references and without", async () => {
    const toplevel = await addClosure("signed", { small: 3, large: 1 });
    await nix("store", "sign", "--recursive", "--key-file", join(folder, "secret"), toplevel);
    const [key, keys] = [parseSigningKey(secret), parsePublicKeys(published)];
    for (const info of await readClosure([toplevel], patience())) {
      assert.ok(info.signatures.includes(signPath(info, key)), info.path);
      assert.ok(isSignedBy(info, keys));
      assert.ok(!isSignedBy({ ...info, narSize: info.narSize + 1 }, keys));
    }
  });

  it("name a hash as Nix does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const hash = createHash("sha256").update(bytes).digest();
        assert.equal(nixBase32(hash), await nix("hash", "to-base32", "--type", "sha256", hash.toString("hex")));
      }),
      { numRuns: 5 },
    );
  });

  it("need a key of the right form, and an error tells nothing of what stands there instead", () => {
    for (const text of ["", "fleet-1", "fleet-1:AAAA", `fleet 1:${"A".repeat(86)}==`, secret.replace(":", " ")]) {
      assert.throws(() => parseSigningKey(text), new TypeError("expected <name>:<base64 of 64 bytes>"));
    }
    assert.deepEqual([...parsePublicKeys(`${published}  other:AAAA nonsense`).keys()], ["fleet-1"]);
  });

  it("count only when they are good, by a key that the host trusts, and for whom it does not trust", async () => {
    const [info] = await readClosure([await addClosure("unsigned-input", { small: 0, large: 0 })], patience());
    assert.ok(info);
    const { contentAddress: _, ...built } = { ...info, signatures: [] };
    const policy = { required: true, keys: parsePublicKeys(published) };
    const signed = { ...built, signatures: [signPath(built, parseSigningKey(secret))] };
    const forged = { ...built, signatures: [`fleet-1:${Buffer.alloc(64).toString("base64")}`] };
    assert.deepEqual(unacceptable([built, signed, forged, info], "untrusted", policy), [built, forged]);
    assert.deepEqual(unacceptable([signed], "untrusted", { ...policy, keys: new Map() }), [signed]);
    assert.deepEqual(unacceptable([built], "trusted", policy), []);
    assert.deepEqual(unacceptable([built], "untrusted", { ...policy, required: false }), []);
    assert.match(fingerprintOf(built), /^1;\/nix\/store\/\S+;sha256:[0-9a-z]{52};\d+;/);
  });
});
