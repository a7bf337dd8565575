import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { HostKeyFormatError, readHostKey } from "../../../clan/vars/host-keys.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIADt9NgU52U5azz3LD3YfK4CDHLC1MYKq5OC8xFXL7Eh";

describe("published host key", () => {
  let vars: string;
  beforeEach(async () => {
    vars = await mkdtemp(join(tmpdir(), "vars-"));
  });
  afterEach(() => rm(vars, { recursive: true }));

  async function publish(text: string): Promise<string> {
    const folder = join(vars, "per-machine/galena/openssh/ssh.id_ed25519.pub");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "value"), text);
    return join(folder, "value");
  }

  it("is read without its comment, with the file that vouches for it", async () => {
    const source = await publish(`${key} root@galena\n`);
    assert.deepEqual(await readHostKey(vars, "galena"), { key, source });
  });

  it("is absent for a machine that publishes none", async () => {
    assert.equal(await readHostKey(vars, "stibnite"), undefined);
  });

  it("is refused when the file holds something else, without telling what", async () => {
    const secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----\n";
    const source = await publish(secret);
    await assert.rejects(readHostKey(vars, "galena"), (error) => {
      assert.ok(error instanceof HostKeyFormatError);
      assert.equal(
        error.message,
        [
          "galena: its published host key is not an ed25519 public key",
          "  expected: one line: ssh-ed25519 <base64 of 51 bytes> [comment]",
          "  found:    a private key",
          `  at:       ${source}`,
          "  fix:      clan vars generate galena --generator openssh --regenerate",
        ].join("\n"),
      );
      return true;
    });
  });

  it("is refused when it is cut, of another type, or two", async () => {
    for (const text of [key.slice(0, -8), key.replace("ed25519 ", "rsa "), `${key}\n${key}\n`, "", "ssh-ed25519"]) {
      await publish(text);
      await assert.rejects(readHostKey(vars, "galena"), HostKeyFormatError, text);
    }
  });
});
