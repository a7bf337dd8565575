import assert from "node:assert/strict";
import { mkdtemp, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { opensshArgs, renderKnownHosts, writeOpensshOptions } from "../../../deploy/ssh/openssh-options.ts";
import { copyArgs, storeUri } from "../../../deploy/store/nix-copy.ts";
import { parseStorePath } from "../../../local-nix/store-path.ts";
import { makeKey } from "../support/ssh-server.ts";

const key = makeKey().public;
const spec = connectionSpecSchema.parse({
  machine: "galena",
  address: "2001:db8::7",
  port: 2222,
  identityFiles: ["/keys/my key"],
  hostKeys: [{ key, source: "vars" }],
});

describe("options of spawned SSH clients", () => {
  it("reach exactly the pinned host and nothing of the operator's configuration", () => {
    assert.equal(
      opensshArgs(spec, "/tmp/x/known_hosts", ["/tmp/x/identity-0"]).join(" "),
      "-F /dev/null -p 2222 -o HostName=2001:db8::7 -o HostKeyAlias=galena -o UserKnownHostsFile=/tmp/x/known_hosts " +
        "-o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o BatchMode=yes " +
        "-o ConnectTimeout=15 -o ServerAliveInterval=10 -o ServerAliveCountMax=3 -o ControlMaster=no -o ControlPath=none " +
        "-o IdentityAgent=none -o IdentitiesOnly=yes -o IdentityFile=/tmp/x/identity-0",
    );
    assert.equal(renderKnownHosts(spec), `galena ${key}\n`);
  });

  it("have no white space for Nix to split at, and leave nothing behind", async () => {
    let file = "";
    {
      await using options = await writeOpensshOptions(spec);
      assert.equal(options.destination, "root@galena");
      assert.equal(options.nixSshOpts.split(/\s+/).length, options.args.length);
      file = /UserKnownHostsFile=(\S+)/.exec(options.nixSshOpts)?.[1] ?? "";
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.equal(await readFile(file, "utf8"), `galena ${key}\n`);
    }
    await assert.rejects(stat(file), { code: "ENOENT" });
  });

  it("have none where the agent's socket or the folder for temporary files has, either", async () => {
    const agent = "/Users/c/Library/Group Containers/agent.sock";
    const folder = await mkdtemp(join(tmpdir(), "with space-"));
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder;
    try {
      await using options = await writeOpensshOptions({ ...spec, agent });
      assert.equal(options.nixSshOpts.split(/\s+/).length, options.args.length);
      const link = /IdentityAgent=(\S+)/.exec(options.nixSshOpts)?.[1] ?? "";
      assert.equal(await readlink(link), agent);
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
      await rm(folder, { recursive: true });
    }
  });

  it("call the receiver by its absolute path, as root where sudo is the way", () => {
    const toplevel = parseStorePath("/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-galena");
    const common = ["copy", "--no-check-sigs", "--log-format", "internal-json", "--verbose", "--to"];
    assert.deepEqual(copyArgs(storeUri("root@galena", "/usr/bin/nix-daemon", false), [toplevel]), [
      ...common,
      "ssh-ng://root@galena?remote-program=%2Fusr%2Fbin%2Fnix-daemon",
      toplevel,
    ]);
    assert.deepEqual(copyArgs(storeUri("c@galena", "/nix/var/nix/profiles/default/bin/nix-daemon", true), [toplevel]), [
      ...common,
      "ssh-ng://c@galena?remote-program=sudo%20-n%20%2Fnix%2Fvar%2Fnix%2Fprofiles%2Fdefault%2Fbin%2Fnix-daemon",
      toplevel,
    ]);
  });
});
