import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { generateAgeKey, sealArmored } from "../../clan/vars/age/age-file.ts";
import { SecretIdentityError } from "../../clan/vars/errors.ts";
import { readMachineSecrets } from "../../clan/vars/machine-secrets.ts";
import { clanSecrets, lackingIdentity } from "../../stack/clan-secrets.ts";
import { ClanFolder } from "../clan/vars/support/clan-folder.ts";
import { declared as toplevel } from "../deploy/support/facts.ts";
import { patience } from "../deploy/support/signals.ts";

const machine = "galena";
const psk = { secret: true, deploy: true, neededFor: "activation", path: "/etc/secret-vars/activation/psk" };
const generators = { wifi: { share: false, files: { psk } } };

describe("a machine's secrets from the clan", () => {
  let clan: ClanFolder;
  beforeEach(async () => {
    clan = await ClanFolder.create();
  });
  afterEach(() => clan[Symbol.asyncDispose]());

  const declared = async () =>
    (await readMachineSecrets(clan.root, machine, { generators, settings: null })) ?? assert.fail();

  it("of the age back end are opened with the machine's own key, which the operator's opens", async () => {
    const { identity, recipient } = await clan.ageKeyFor(machine);
    const path = "secrets/clan-vars/per-machine/galena/wifi/psk/psk.age";
    await clan.write(path, await sealArmored(Buffer.from("words"), recipient));
    const secrets = await declared();
    assert.equal(await lackingIdentity(machine, secrets, clan.findKeys), undefined, "who opens it is not known");
    const source = clanSecrets({ machine, secrets, toplevel, hostKeys: [] }, clan.findKeys);
    const { identities, files } = await source.stage(machine, patience());
    const contents = await Promise.all([...identities, ...files].map(async (file) => Buffer.from(await file.read())));
    assert.deepEqual(contents.map(String), [`${identity}\n`, "words"]);
  });

  it("are those that the preview saw: one that was changed since is not opened", async () => {
    await clan.keyFor(machine);
    const path = "vars/per-machine/galena/wifi/psk/secret";
    await clan.seal(path, "approved", [clan.operator.recipient]);
    const source = clanSecrets({ machine, secrets: await declared(), toplevel, hostKeys: [] }, clan.findKeys);
    await clan.seal(path, "put in its place", [clan.operator.recipient]);
    const { files } = await source.stage(machine, patience());
    const changed = { code: "FLEET_SECRET_FILE", message: /^galena: a secret was changed since the preview\n/ };
    await assert.rejects(files[0]?.read() ?? assert.fail(), changed);
  });

  it("that machines share are opened for those alone to whom they are encrypted, whatever a configuration declares", async () => {
    const { recipient } = await clan.keyFor(machine);
    const facts = { generators: { wifi: { share: true, files: { psk } } }, settings: null };
    const read = async () => {
      const secrets = (await readMachineSecrets(clan.root, machine, facts)) ?? assert.fail("no key of the machine");
      const { files } = await clanSecrets({ machine, secrets, toplevel, hostKeys: [] }, clan.findKeys).stage(
        machine,
        patience(),
      );
      return Buffer.from((await files[0]?.read()) ?? []).toString();
    };
    const path = "vars/shared/wifi/psk/secret";
    await clan.seal(path, "words", [clan.operator.recipient]);
    const refused = {
      code: "FLEET_SECRET_FILE",
      message: /^galena: it declares a shared secret that is not encrypted to it\n/,
    };
    await assert.rejects(read(), refused);
    await clan.seal(path, "words", [clan.operator.recipient, recipient]);
    assert.equal(await read(), "words");
  });

  it("have keys of encrypted disks only for who reads them: one that was never generated stops an installation", async () => {
    await clan.keyFor(machine);
    const key = { secret: true, deploy: true, neededFor: "partitioning", path: "/run/partitioning-secrets/zfs/key" };
    const facts = { generators: { zfs: { share: false, files: { key } } }, settings: null };
    const staged = async () => {
      const secrets = (await readMachineSecrets(clan.root, machine, facts)) ?? assert.fail("no key of the machine");
      return clanSecrets({ machine, secrets, toplevel, hostKeys: [] }, clan.findKeys).stage(machine, patience());
    };
    const { files, diskKeys: [missing] = [] } = await staged();
    assert.deepEqual(files, []);
    await assert.rejects(missing?.read() ?? assert.fail(), /generate first: fleet vars generate galena/);
    await clan.seal("vars/per-machine/galena/zfs/key/secret", "disk", [clan.operator.recipient]);
    const { diskKeys: [made] = [] } = await staged();
    assert.equal(Buffer.from((await made?.read()) ?? []).toString(), "disk");
  });

  it("hold the keys of homes that are to have them: the operator's own, or from where the clan keeps them", async () => {
    await clan.keyFor(machine);
    const other = await generateAgeKey();
    const path = "/home/mina/.config/sops/age/keys.txt";
    const homes = { mina: { keyFile: path, secrets: ["mail"] } };
    const settings = { secretStore: null, uploadDirectory: null, ageLocation: null, defaultGroups: [], keyFile: null };
    const facts = { generators: null, settings: { ...settings, sshKeyPaths: [], sopsSecrets: [], homes } };
    const known = (recipient: string) =>
      clan.write("sops/users/mina/key.json", JSON.stringify([{ publickey: recipient, type: "age" }]));
    const secretsOf = async () =>
      (await readMachineSecrets(clan.root, machine, facts, "deliver")) ?? assert.fail("no key of the machine");
    const staged = async () => {
      const source = clanSecrets({ machine, secrets: await secretsOf(), toplevel, hostKeys: [] }, clan.findKeys);
      const { userIdentities = [] } = await source.stage(machine, patience());
      return await Promise.all(
        userIdentities.map(async ({ read, ...target }) => [target, Buffer.from(await read()).toString()]),
      );
    };
    const target = { path, owner: "mina", mode: "0600" };
    await known(clan.operator.recipient);
    assert.deepEqual(await staged(), [[target, `${clan.operator.identity}\n`]]);
    assert.equal(await lackingIdentity(machine, await secretsOf(), clan.findKeys), undefined);
    await known(other.recipient);
    const lacking = await lackingIdentity(machine, await secretsOf(), clan.findKeys);
    assert.match(lacking?.facts.summary ?? "", /the key of mina is to be brought to .*, and you do not have it/);
    await assert.rejects(staged(), SecretIdentityError);
    const kept = "sops/secrets/mina-age.key/secret";
    await clan.seal(kept, other.identity, [clan.operator.recipient]);
    assert.deepEqual(await staged(), [[target, `${other.identity}\n`]]);
    await clan.seal(kept, clan.operator.identity, [clan.operator.recipient]);
    await assert.rejects(staged(), /the age key of mina is not the one that the clan encrypts to/);
  });

  it("need a key that the operator has: a missing one is told without opening any, in either back end", async () => {
    const stranger = await generateAgeKey();
    const lacking = async (key = stranger) => {
      const error = await lackingIdentity(machine, await declared(), () => clan.keysOf(key));
      assert.ok(error === undefined || error instanceof SecretIdentityError);
      return error?.facts.at.slice(clan.root.length + 1);
    };
    await clan.ageKeyFor(machine);
    await clan.write("secrets/clan-vars/per-machine/galena/wifi/psk/psk.age", "of the machine alone");
    await clan.write("secrets/age-keys/machines/galena/key.age.recipients", `${clan.operator.recipient}\n`);
    assert.equal(await lacking(clan.operator), undefined);
    assert.equal(await lacking(), "secrets/age-keys/machines/galena/key.age");

    await clan.keyFor(machine); // of the sops back end, which clan takes first
    await clan.seal("vars/per-machine/galena/wifi/psk/secret", "words", [clan.operator.recipient, stranger.recipient]);
    assert.equal(await lacking(clan.operator), undefined);
    assert.equal(await lacking(), "sops/secrets/galena-age.key/secret");
    await clan.seal("sops/secrets/galena-age.key/secret", "key", [stranger.recipient]);
    assert.equal(await lacking(), undefined);
    await clan.seal("vars/per-machine/galena/wifi/psk/secret", "words", [clan.operator.recipient]);
    assert.equal(await lacking(), "vars/per-machine/galena/wifi/psk/secret");
  });
});
