import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { DeclaredGenerators, SecretSettings } from "../../../clan/vars/declared-secrets.ts";
import { VarsMissingError } from "../../../clan/vars/errors.ts";
import { readMachineSecrets } from "../../../clan/vars/machine-secrets.ts";
import { ClanFolder } from "./support/clan-folder.ts";

const nothing = { generators: null, settings: null };
const activation = { secret: true, deploy: true, neededFor: "activation" };
const generators: DeclaredGenerators = {
  disk: { share: false, files: { key: { ...activation, path: "/var/lib/sops-nix/activation/key", mode: "0440" } } },
  wifi: { share: true, files: { psk: { ...activation, path: "/etc/wifi/psk", owner: "wpa" } } },
  services: { share: false, files: { token: { secret: true, deploy: true, neededFor: "services", path: "/run/t" } } },
};

describe("what a machine gets from clan's vars", () => {
  let clan: ClanFolder;
  beforeEach(async () => {
    clan = await ClanFolder.create();
  });
  afterEach(() => clan[Symbol.asyncDispose]());

  const read = (declared: Parameters<typeof readMachineSecrets>[2] = nothing) =>
    readMachineSecrets(clan.root, "galena", declared);

  it("is nothing where the clan keeps no key for it", async () => {
    await clan.write("sops/machines/galena/key.json", "[]");
    assert.equal(await read(), undefined);
  });

  it("is its age key, where sops-nix looks for it, with the half that everybody may know", async () => {
    const { recipient } = await clan.keyFor("galena");
    const secrets = await read();
    assert.equal(secrets?.identity.path, "sops/secrets/galena-age.key/secret");
    assert.equal(secrets?.identity.target, "/var/lib/sops-nix/key.txt");
    assert.deepEqual([secrets?.recipients, secrets?.files], [[recipient], []]);
  });

  it("lies in the folder that its configuration states, and comes from the back end that it states", async () => {
    await clan.keyFor("galena");
    const { recipient } = await clan.ageKeyFor("galena");
    const stated = { uploadDirectory: "/persist/sops", ageLocation: "/persist/age" };
    const settings = (secretStore: string | null): SecretSettings => ({
      ...stated,
      secretStore,
      defaultGroups: [],
      keyFile: null,
      sshKeyPaths: [],
      sopsSecrets: [],
      homes: {},
    });
    assert.equal(
      (await read({ generators: null, settings: settings(null) }))?.identity.target,
      "/persist/sops/key.txt",
    );
    const age = await read({ generators: null, settings: settings("age") });
    assert.deepEqual([age?.identity.target, age?.recipients], ["/persist/age/key.txt", [recipient]]);
    assert.equal(await read({ generators: null, settings: settings("password-store") }), undefined);
  });

  it("comes with the places where homes with secrets look for their own keys", async () => {
    await clan.keyFor("galena");
    const homes = {
      mina: { keyFile: "/home/mina/.config/sops/age/keys.txt", secrets: ["mail"] },
      paul: { keyFile: "/home/paul/keys.txt", secrets: [] },
      root: { keyFile: null, secrets: ["token"] },
    };
    const settings = { secretStore: null, uploadDirectory: null, ageLocation: null, defaultGroups: [], keyFile: null };
    const declared = { generators: null, settings: { ...settings, sshKeyPaths: [], sopsSecrets: [], homes } };
    const [path, looked] = ["/home/mina/.config/sops/age/keys.txt", await read(declared)];
    assert.deepEqual(looked?.userKeys, [{ user: "mina", path, recipients: [] }]);

    // Wanted on the host: a key of the clan's user, of the same name or as stated, from where it is kept.
    const wanted = (delivery: Parameters<typeof readMachineSecrets>[3]) =>
      readMachineSecrets(clan.root, "galena", declared, delivery);
    await assert.rejects(wanted("deliver"), /the key of mina is to be brought, and the clan does not know it/);
    await clan.write("sops/users/mina/key.json", '{ "publickey": "age1mina", "type": "age" }');
    await clan.write("sops/users/wilhelmina/key.json", '[{ "publickey": "age1other", "type": "age" }]');
    const delivered = await wanted("deliver");
    assert.deepEqual(delivered?.userKeys, [{ user: "mina", path, recipients: ["age1mina"] }]);
    assert.notEqual(delivered?.digest, looked?.digest);
    assert.deepEqual(await wanted({ paul: "wilhelmina" }), looked);
    await clan.write("sops/secrets/wilhelmina-age.key/secret", "{}");
    const [{ recipients, kept } = assert.fail()] = (await wanted({ mina: "wilhelmina" }))?.userKeys ?? [];
    assert.deepEqual(
      [recipients, kept?.path, kept?.target],
      [["age1other"], "sops/secrets/wilhelmina-age.key/secret", path],
    );
  });

  it("are also the files that are needed before the key, and no others: those lie encrypted in the closure", async () => {
    await clan.keyFor("galena");
    await clan.seal("vars/per-machine/galena/disk/key/secret", "disk", [clan.operator.recipient]);
    await clan.seal("vars/shared/wifi/psk/secret", "psk", [clan.operator.recipient]);
    const secrets = await read({ generators, settings: null });
    assert.deepEqual(
      secrets?.files.map(({ sha256: _sha256, ...file }) => file),
      [
        { path: "vars/shared/wifi/psk/secret", cipher: "sops", target: "/etc/wifi/psk", owner: "wpa" },
        {
          path: "vars/per-machine/galena/disk/key/secret",
          cipher: "sops",
          target: "/var/lib/sops-nix/activation/key",
          mode: "0440",
        },
      ],
    );
  });

  it("are its own: a configuration's names lead to nobody else's", async () => {
    await clan.keyFor("galena");
    await clan.seal("vars/per-machine/basalt/openssh/key/secret", "basalt's", [clan.operator.recipient]);
    const file = { ...activation, path: "/tmp/taken" };
    const names: readonly (readonly [string, string])[] = [
      ["../basalt/openssh", "key"],
      ["..", "basalt/openssh/key"],
      ["disk", "../../basalt/openssh/key"],
      ["disk", ".."],
      ["disk", ""],
    ];
    for (const [generator, name] of names) {
      const stated = { [generator]: { share: false, files: { [name]: file } } };
      await assert.rejects(read({ generators: stated, settings: null }), { code: "FLEET_SECRET_FILE" }, name);
    }
    const home = { keyFile: "/home/mina/keys.txt", secrets: ["mail"] };
    const lists = { defaultGroups: [], sshKeyPaths: [], sopsSecrets: [], homes: { "../machines/basalt": home } };
    const settings = { secretStore: null, uploadDirectory: null, ageLocation: null, keyFile: null, ...lists };
    const wanted = readMachineSecrets(clan.root, "galena", { generators: null, settings }, "deliver");
    await assert.rejects(wanted, { code: "FLEET_SECRET_FILE" });
  });

  it("has a digest that changes with every ciphertext and target, and with nothing else", async () => {
    await clan.keyFor("galena");
    await clan.seal("vars/per-machine/galena/disk/key/secret", "disk", [clan.operator.recipient]);
    await clan.seal("vars/shared/wifi/psk/secret", "psk", [clan.operator.recipient]);
    const digest = async (declared = generators): Promise<string | undefined> =>
      (await read({ generators: declared, settings: null }))?.digest;
    const first = await digest();
    assert.match(first ?? "", /^sha256:[0-9a-f]{64}$/);
    assert.equal(await digest(), first);
    await clan.write("vars/per-machine/galena/services/token/secret", "{}");
    assert.equal(await digest(), first, "a file of the closure");
    const { disk: _disk, ...without } = generators;
    assert.notEqual(await digest(without), first);
    await clan.seal("vars/shared/wifi/psk/secret", "psk", [clan.operator.recipient]);
    const sealedAnew = await digest();
    assert.notEqual(sealedAnew, first, "encrypted anew");
    await clan.keyFor("galena");
    assert.notEqual(await digest(), sealedAnew, "another key");
  });

  it("cannot be told where something was declared and never generated: all of it is named, with the command", async () => {
    await clan.keyFor("galena");
    await assert.rejects(read({ generators, settings: null }), (error: unknown) => {
      assert.ok(error instanceof VarsMissingError);
      assert.equal(error.facts.expected, "vars/per-machine/galena/disk/key/secret\nvars/shared/wifi/psk/secret");
      assert.equal(error.facts.fix, "generate first: fleet vars generate galena");
      return true;
    });
  });

  it("keeps keys of encrypted disks for an installation: no deployment waits for one, or is caused by it", async () => {
    await clan.keyFor("galena");
    const key = { secret: true, deploy: true, neededFor: "partitioning", path: "/run/partitioning-secrets/zfs/key" };
    const declared = { generators: { zfs: { share: false, files: { key } } }, settings: null };
    const path = "vars/per-machine/galena/zfs/key/secret";
    const before = await read(declared);
    assert.deepEqual(before?.diskKeys, [{ path, cipher: "sops", sha256: null, target: key.path }]);
    await clan.seal(path, "disk", [clan.operator.recipient]);
    const after = await read(declared);
    assert.match(after?.diskKeys?.[0]?.sha256 ?? "", /^[0-9a-f]{64}$/);
    const none = await read();
    assert.deepEqual([after?.files, after?.digest, before?.digest], [[], none?.digest, none?.digest]);
    assert.ok(none !== undefined && !("diskKeys" in none), "old states have no such key");
  });
});
