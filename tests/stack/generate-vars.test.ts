import assert from "node:assert/strict";
import { mkdir, readdir, readFile, readlink, realpath, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { z } from "zod";
import { readSecrets } from "../../clan/checks/disk/secrets-on-disk.ts";
import { generateAgeKey, recipientOf } from "../../clan/vars/age/age-file.ts";
import { SecretIdentityError, VarsMissingError } from "../../clan/vars/errors.ts";
import { readHostKey } from "../../clan/vars/host-keys.ts";
import { readMachineSecrets } from "../../clan/vars/machine-secrets.ts";
import { openSecret } from "../../clan/vars/open-secret.ts";
import { generateVars, type Wanted } from "../../stack/generate-vars.ts";
import { ClanFolder } from "../clan/vars/support/clan-folder.ts";
import { patience } from "../deploy/support/signals.ts";

describe("generating vars without clan's command", function () {
  this.timeout(60_000);
  let clan: ClanFolder;
  beforeEach(async () => {
    clan = await ClanFolder.create();
  });
  afterEach(() => clan[Symbol.asyncDispose]());

  const generate = async (wanted: Partial<Wanted> = {}): Promise<readonly string[]> => {
    const all = { root: clan.root, machines: ["galena"], passwords: [], commands: [], regenerate: false, ...wanted };
    return (await generateVars(all, patience(), clan.findKeys)).map((one) => Object.values(one).join(" "));
  };
  const open = async (path: string): Promise<string> =>
    Buffer.from(
      await openSecret(clan.root, { path, cipher: "sops" }, "galena", await clan.findKeys(), patience()),
    ).toString("utf8");
  const read = (path: string): Promise<string> => readFile(join(clan.root, path), "utf8");
  const recipients = async (path: string): Promise<readonly string[]> => {
    const schema = z.object({ sops: z.object({ age: z.array(z.object({ recipient: z.string() })) }) });
    return schema.parse(JSON.parse(await read(path))).sops.age.map(({ recipient }) => recipient);
  };
  const publicKey = async (): Promise<string> =>
    z.array(z.object({ publickey: z.string() })).parse(JSON.parse(await read("sops/machines/galena/key.json")))[0]
      ?.publickey ?? "";
  const ageSecret = "sops/secrets/galena-age.key/secret";
  const hostSecret = "vars/per-machine/galena/openssh/ssh.id_ed25519/secret";

  it("makes a machine's keys from nothing but the operator's own, as clan's layout has them", async () => {
    assert.deepEqual(await generate({ user: "mina" }), [
      "- user mina written",
      "galena age-key written",
      "galena openssh written",
    ]);
    assert.equal(await recipientOf(await open(ageSecret)), await publicKey());
    assert.match(await open(hostSecret), /^-----BEGIN OPENSSH PRIVATE KEY-----/);
    assert.match((await readHostKey(join(clan.root, "vars"), "galena"))?.key ?? "", /^ssh-ed25519 /);
    const operator = clan.operator.recipient;
    assert.deepEqual(await recipients(ageSecret), [operator]);
    assert.deepEqual(await recipients(hostSecret), [operator, await publicKey()]);
    const link = join(clan.root, dirname(hostSecret), "machines/galena");
    assert.equal(await readlink(link), "../../../../../../sops/machines/galena");
    assert.equal(await realpath(link), await realpath(join(clan.root, "sops/machines/galena")));
    assert.deepEqual(await readdir(join(clan.root, "vars/per-machine/galena")), ["openssh"], "nothing else is left");
  });

  it("is what a deployment delivers and what the checks accept", async () => {
    await generate({ user: "mina" });
    const secrets = await readMachineSecrets(clan.root, "galena", { generators: null, settings: null });
    assert.deepEqual(secrets?.recipients, [await publicKey()]);
    const { secretVars, keys, keptKeys } = await readSecrets(clan.root);
    assert.deepEqual([keptKeys, keys.machines.get("galena")], [["galena"], [await publicKey()]]);
    assert.deepEqual(
      secretVars.map(({ file, machines }) => [file, machines]),
      [["ssh.id_ed25519", ["galena"]]],
    );
  });

  it("keeps what is there, and makes only what is missing", async () => {
    await generate({ user: "mina" });
    const before = [await read(ageSecret), await read(hostSecret)];
    const command = { generator: "zerotier", file: "identity", command: "printf made-once" };
    assert.deepEqual(await generate({ user: "mina", commands: [command] }), [
      "- user mina kept",
      "galena age-key kept",
      "galena openssh kept",
      "galena zerotier written",
    ]);
    assert.deepEqual([await read(ageSecret), await read(hostSecret)], before);
    assert.equal(await open("vars/per-machine/galena/zerotier/identity/secret"), "made-once");
    // It is not run again: what it does beside printing is done once.
    const other = { ...command, command: "exit 3" };
    assert.deepEqual(await generate({ only: ["zerotier"], commands: [other] }), ["galena zerotier kept"]);
  });

  it("leaves a machine its key of which the clan knows the public half alone: it derives from the host's SSH key", async () => {
    await clan.write("sops/machines/galena/key.json", '[{ "publickey": "age1ofthehost", "type": "age" }]');
    assert.deepEqual(await generate({ user: "mina", only: ["age-key"] }), [
      "- user mina written",
      "galena age-key kept",
    ]);
    assert.equal(await publicKey(), "age1ofthehost");
  });

  it("makes a password with its hash, which the password's owner can read and the machine can check", async () => {
    await generate({ user: "mina", only: ["age-key", "user-password-mina"], passwords: ["mina"] });
    const folder = "vars/per-machine/galena/user-password-mina";
    assert.match(await open(`${folder}/user-password/secret`), /^[A-Za-z2-9]{24}$/);
    assert.match(await open(`${folder}/user-password-hash/secret`), /^\$(y|6)\$/);
  });

  it("encrypts everything that a machine opens for its new key, and nobody loses access", async () => {
    await generate({ user: "mina" });
    const [former, hostKey] = [await publicKey(), await open(hostSecret)];
    const colleague = (await generateAgeKey()).recipient;
    await clan.seal(hostSecret, hostKey, [clan.operator.recipient, colleague, former]);
    assert.deepEqual(await generate({ only: ["age-key"], regenerate: true }), [
      "galena age-key written",
      `galena ${hostSecret} encrypted anew`,
    ]);
    assert.notEqual(await publicKey(), former);
    assert.equal(await recipientOf(await open(ageSecret)), await publicKey());
    assert.deepEqual(await recipients(hostSecret), [clan.operator.recipient, colleague, await publicKey()]);
    assert.equal(await open(hostSecret), hostKey);
  });

  it("covers what the machine opens by a group and as clan's own secrets, and names what it does not cover", async () => {
    await generate({ user: "mina" });
    const former = await publicKey();
    const [both, wifi] = [[clan.operator.recipient, former], "vars/shared/wifi/psk"];
    await clan.link("sops/groups/servers/machines/galena", "sops/machines/galena");
    await clan.link(`${wifi}/groups/servers`, "sops/groups/servers");
    await clan.link("sops/secrets/backup/machines/galena", "sops/machines/galena");
    for (const path of [wifi, "sops/secrets/backup"]) await clan.seal(`${path}/secret`, path, both);
    await clan.seal("sops/secrets/other/secret", "of users", [clan.operator.recipient]);
    await clan.write(".sops.yaml", `creation_rules:\n  - age: ${former}\n`);
    await clan.write("secrets/hosts/galena.sops.env", `word=ENC[…]\nsops_age__list_0__map_recipient=${former}\n`);
    await clan.write("secrets/hosts/basalt.yaml", "sops: {}\n");
    assert.deepEqual(await generate({ only: ["age-key"], regenerate: true }), [
      "galena age-key written",
      `galena ${hostSecret} encrypted anew`,
      `galena ${wifi}/secret encrypted anew`,
      "galena sops/secrets/backup/secret encrypted anew",
      "galena .sops.yaml names the former key",
      "galena secrets/hosts/galena.sops.env names the former key",
    ]);
    for (const path of [wifi, "sops/secrets/backup"]) {
      assert.deepEqual(await recipients(`${path}/secret`), [clan.operator.recipient, await publicKey()]);
      assert.equal(await open(`${path}/secret`), path);
    }
  });

  it("keeps no former key as a recipient where an earlier run for another key was cut", async () => {
    await generate({ user: "mina" });
    const former = await publicKey();
    const obstacle = join(clan.root, `${hostSecret}.new`);
    await mkdir(obstacle);
    await assert.rejects(generate({ only: ["age-key"], regenerate: true }), /EISDIR/);
    assert.equal(await publicKey(), former);
    await rmdir(obstacle);
    await generate({ only: ["age-key"], regenerate: true });
    assert.deepEqual(await recipients(hostSecret), [clan.operator.recipient, await publicKey()]);
  });

  it("changes no key where the operator cannot open what must be encrypted anew", async () => {
    await generate({ user: "mina" });
    const before = [await read(ageSecret), await publicKey()];
    await clan.seal(hostSecret, "theirs", [(await generateAgeKey()).recipient]);
    await assert.rejects(generate({ only: ["age-key"], regenerate: true }), SecretIdentityError);
    assert.deepEqual([await read(ageSecret), await publicKey()], before);
  });

  it("makes nothing where nobody could open it, and leaves nothing of a command that failed", async () => {
    await assert.rejects(generate(), (error: unknown) => {
      assert.ok(error instanceof VarsMissingError);
      assert.equal(error.facts.fix, "fleet vars generate --user <name> adds you with your own age key");
      return true;
    });
    assert.deepEqual(await readdir(clan.root), []);
    const command = { generator: "zerotier", file: "identity", command: "echo words >&2; exit 3" };
    const failed = generate({ user: "mina", commands: [command] });
    await assert.rejects(failed, /found: {4}exit code 3, no output: words/);
    assert.deepEqual(await readdir(join(clan.root, "vars/per-machine/galena")), ["openssh"]);
  });

  it("does not leave a user with another kind of key behind", async () => {
    await generate({ user: "mina" });
    await writeFile(join(clan.root, "sops/users/mina/key.json"), '[{ "publickey": "ABCD", "type": "pgp" }]');
    await assert.rejects(generate({ machines: ["basalt"] }), /mina: has no age key/);
  });
});
