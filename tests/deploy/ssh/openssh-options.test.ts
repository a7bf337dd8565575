import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import { parseHostKey } from "../../../deploy/ssh/host-key.ts";
import { renderEnd, renderKnownHosts, writeOpensshOptions } from "../../../deploy/ssh/openssh-options.ts";
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
    const identities = [{ file: "/tmp/x/identity-0-0", certificate: "/tmp/x/certificate-0-0" }];
    const place = { host: "galena", folder: "/tmp/x", index: 0, identities, connectTimeoutSeconds: 15 };
    assert.equal(
      renderEnd(spec, place),
      `Host galena
  HostName 2001:db8::7
  Port 2222
  User root
  HostKeyAlias galena
  UserKnownHostsFile /tmp/x/known_hosts-0
  GlobalKnownHostsFile /dev/null
  KnownHostsCommand /bin/sh /tmp/x/note-key /tmp/x/shown-0 %t %K
  StrictHostKeyChecking yes
  HashKnownHosts no
  UpdateHostKeys no
  VerifyHostKeyDNS no
  CanonicalizeHostname no
  BatchMode yes
  PreferredAuthentications publickey
  ConnectTimeout 15
  ServerAliveInterval 10
  ServerAliveCountMax 3
  ControlMaster no
  ControlPath none
  ForwardAgent no
  ForwardX11 no
  IdentityAgent none
  IdentitiesOnly yes
  IdentityFile /tmp/x/identity-0-0
  CertificateFile /tmp/x/certificate-0-0
`,
    );
    assert.equal(renderKnownHosts(spec), `galena ${key}\n`);
  });

  it("know authorities by the name that their certificates hold, and the revoked keys", () => {
    const pinned = { key: parseHostKey(key), source: "known_hosts:1" };
    const certified = { ...spec, hostKeys: [], certAuthorities: [pinned], revokedHostKeys: [pinned] };
    assert.equal(renderKnownHosts(certified), `@revoked 2001:db8::7 ${key}\n@cert-authority 2001:db8::7 ${key}\n`);
    const alias = { ...certified, revokedHostKeys: [], hostKeyAlias: "Galena.Example" };
    assert.equal(renderKnownHosts(alias), `@cert-authority galena.example ${key}\n`);
  });

  it("are read alike by ssh itself", async () => {
    const bastion = {
      name: "bastion",
      address: "fe80::1%eth0",
      user: "jump",
      port: 2200,
      identityFiles: ["/a b%h/$x"],
    };
    const through = connectionSpecSchema.parse({ ...spec, jumpHosts: [bastion], agent: "/run/my agent" });
    await using options = await writeOpensshOptions(through);
    const { stdout } = await promisify(execFile)("ssh", [...options.args, "-G", "galena"]);
    for (const line of [
      "hostname 2001:db8::7",
      "port 2222",
      "user root",
      "stricthostkeychecking true",
      "batchmode yes",
    ])
      assert.ok(stdout.split("\n").includes(line), line);
    const proxy = /^proxycommand (.*)$/m.exec(stdout)?.[1] ?? "";
    assert.match(proxy, /^ssh -F \S+\/config -v -E \S+\/log-0 -W '\[%h\]:%p' -- _hop0$/);
    const hop = await promisify(execFile)("ssh", [...options.args, "-G", "_hop0"]);
    assert.match(hop.stdout, /^hostname fe80::1%eth0$/m);
    const identity = /^identityfile (.*)$/m.exec(hop.stdout)?.[1] ?? "";
    assert.equal(await readlink(identity), "/a b%h/$x");
  });

  it("have no white space for Nix to split at, and leave nothing behind", async () => {
    let file = "";
    {
      await using options = await writeOpensshOptions(spec);
      assert.equal(options.destination, "root@galena");
      assert.equal(options.nixSshOpts.split(/\s+/).length, options.args.length);
      file = options.ends[0]?.knownHosts ?? "";
      assert.match(await readFile(options.args[1] ?? "", "utf8"), /^Host galena\n {2}HostName 2001:db8::7\n/);
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
      const link = /IdentityAgent (\S+)/.exec(await readFile(options.args[1] ?? "", "utf8"))?.[1] ?? "";
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
