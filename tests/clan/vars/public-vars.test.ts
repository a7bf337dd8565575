import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "mocha";
import { readPublicVars } from "../../../clan/vars/public-vars.ts";
import { ClanFolder } from "./support/clan-folder.ts";

describe("public vars of a stack's machines", () => {
  it("are the values that stand in clear, of these machines and of all, and nothing of a secret", async () => {
    await using clan = await ClanFolder.create();
    await clan.write("vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value", "ssh-ed25519 AAAA\n");
    await clan.seal("vars/per-machine/galena/openssh/ssh.id_ed25519/secret", "key", [clan.operator.recipient]);
    await clan.write("vars/per-machine/galena/openssh/.validation-hash", "hash");
    await clan.write("vars/per-machine/electrum/openssh/ssh.id_ed25519.pub/value", "ssh-ed25519 BBBB\n");
    await clan.write("vars/shared/zerotier-ip-galena-zerotier/ip/value", "fd5d:bbe3:cbc5::1\n");
    await clan.write("vars/shared/blob/image/value", Uint8Array.of(0xff, 0xfe));
    await clan.write("vars/shared/blob/large/value", "x".repeat(17 * 1024));
    assert.deepEqual(await readPublicVars(join(clan.root, "vars"), ["galena", "basalt"]), {
      perMachine: { galena: { "openssh/ssh.id_ed25519.pub": "ssh-ed25519 AAAA" }, basalt: {} },
      shared: { "zerotier-ip-galena-zerotier/ip": "fd5d:bbe3:cbc5::1" },
    });
  });

  it("are none where the clan has no vars", async () => {
    await using clan = await ClanFolder.create();
    assert.deepEqual(await readPublicVars(join(clan.root, "vars"), ["galena"]), {
      perMachine: { galena: {} },
      shared: {},
    });
  });
});
