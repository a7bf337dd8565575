import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import ssh2 from "ssh2";
import { makeKeyPair } from "../../deploy/ssh/key-pair.ts";
import { publicHalves } from "../../stack/login-keys.ts";

describe("the public half of a key file", () => {
  let directory = "";
  const at = (name: string): string => join(directory, name);
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "login-keys-"));
    for (const name of ["beside", "alone"]) {
      const pair = makeKeyPair(`tara of ${name}`);
      await writeFile(at(name), pair.privateKey);
      await writeFile(at(`${name}.pub`), `${pair.publicKey}\n`);
    }
    const locked = ssh2.utils.generateKeyPairSync("ed25519", { passphrase: "opal", cipher: "aes256-ctr", rounds: 4 });
    await writeFile(at("locked"), locked.private);
    await writeFile(at("no-key"), "opal");
  });
  after(() => rm(directory, { recursive: true }));

  it("is what lies beside it, without the comment, or what the key itself tells", async () => {
    const stated = (await readFile(at("alone.pub"), "utf8")).split(" ").slice(0, 2).join(" ");
    await rm(at("alone.pub"));
    const [beside, alone] = await publicHalves([at("beside"), at("alone")]);
    assert.match(beside ?? "", /^ssh-ed25519 [A-Za-z0-9+/=]+$/);
    assert.equal(alone, stated);
  });

  it("is not known of a file that is encrypted, no key, or not there", async () => {
    assert.deepEqual(await publicHalves([at("locked"), at("no-key"), at("gone")]), []);
  });

  it("is given once", async () => {
    assert.equal((await publicHalves([at("beside"), at("beside")])).length, 1);
  });
});
