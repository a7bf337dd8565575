import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readSecrets } from "../../../clan/checks/disk/secrets-on-disk.ts";
import type { MachineFacts } from "../../../clan/checks/machine-facts.ts";
import type { Rule } from "../../../clan/checks/rule.ts";
import { unreadableSecret } from "../../../clan/checks/rules/fc032-unreadable-secret.ts";
import { missingVar } from "../../../clan/checks/rules/fc061-missing-var.ts";
import { staleVar } from "../../../clan/checks/rules/fc062-stale-var.ts";
import { circularKey } from "../../../clan/checks/rules/fc063-circular-key.ts";
import { besideVars } from "../../../clan/checks/rules/fc065-beside-vars.ts";
import { linkedRecipients } from "../../../clan/checks/rules/fc066-linked-recipients.ts";
import { runChecks } from "../../../clan/checks/run-checks.ts";
import { generateAgeKey } from "../../../clan/vars/age/age-file.ts";
import { ClanFolder } from "../vars/support/clan-folder.ts";
import { adopted } from "./support/models.ts";

type Settings = NonNullable<MachineFacts["secrets"]>;

const facts: MachineFacts = {
  hostName: null,
  hostPlatform: null,
  hostId: null,
  stateVersionStated: null,
  stateVersion: null,
  targetHost: null,
  container: false,
  ssh: null,
  firewall: null,
  users: null,
  mutableUsers: true,
  sudo: null,
  loaders: null,
  grubForEfi: null,
  fileSystems: null,
  initrdModules: null,
  deployers: [],
  plaintext: [],
  addresses: [],
  missingPackages: null,
  homesApart: [],
  generators: null,
  definedIn: {},
  sourceInClosure: null,
};

const settings: Settings = {
  secretStore: "sops",
  uploadDirectory: null,
  ageLocation: null,
  defaultGroups: [],
  keyFile: "/var/lib/sops-nix/key.txt",
  sshKeyPaths: [],
  sopsSecrets: [],
  homes: {},
};

const hostKey = { secret: true, deploy: true, path: "/run/secrets/vars/openssh/ssh.id_ed25519" };
const openssh = {
  share: false,
  files: { "ssh.id_ed25519": hostKey, "ssh.id_ed25519.pub": { secret: false, deploy: true } },
};

const others = [missingVar, staleVar, circularKey, besideVars];
const ofRecipients = [unreadableSecret, linkedRecipients];

describe("the rules about secrets", () => {
  let clan: ClanFolder;
  beforeEach(async () => {
    clan = await ClanFolder.create();
  });
  afterEach(() => clan[Symbol.asyncDispose]());

  /** @param changes - null: not evaluated. */
  async function found(
    changes: Partial<MachineFacts> | null,
    rules: readonly Rule[] = others,
  ): Promise<readonly string[]> {
    const tree = {
      root: clan.root,
      evaluatesUntracked: true,
      passedOver: [],
      untracked: [],
      ignored: [],
      sources: new Map(),
      machineFolders: new Map(),
      inventoryJson: [],
      packages: [],
      secrets: await readSecrets(clan.root),
      lock: null,
      recipes: [],
      stacks: [],
      privateFiles: [],
    };
    const configurations = new Map(changes === null ? [] : [["galena", { ...facts, secrets: settings, ...changes }]]);
    const context = adopted({ machines: { galena: {} } }, { configurations, tree });
    const findings = runChecks(context, [], rules);
    return findings.map(({ rule, severity, message, suggestion }) => `${rule} ${severity}: ${message}; ${suggestion}`);
  }

  const generate = async (): Promise<void> => {
    await clan.seal("vars/per-machine/galena/openssh/ssh.id_ed25519/secret", "key", [clan.operator.recipient]);
    await clan.write("vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value", "ssh-ed25519 AAAA");
  };

  it("FC061: name a declared var that is not on disk, until it is, in either back end", async () => {
    assert.deepEqual(await found({ generators: { openssh } }), [
      "FC061 error: galena declares the var per-machine/galena/openssh/ssh.id_ed25519 and 1 more, which was never generated; generate first: fleet vars generate galena",
    ]);
    await generate();
    assert.deepEqual(await found({ generators: { openssh } }), []);
    const age = { generators: { wifi: { share: true, files: { psk: { secret: true, deploy: true } } } } };
    assert.equal((await found(age)).length, 1);
    await clan.write("secrets/clan-vars/shared/wifi/psk/psk.age", "age");
    assert.deepEqual(await found(age), []);
  });

  it("FC061: judge no back end that keeps its files elsewhere", async () => {
    assert.deepEqual(
      await found({ generators: { openssh }, secrets: { ...settings, secretStore: "password-store" } }),
      [],
    );
  });

  it("FC062: name vars of another definition, and none without a hash on either side", async () => {
    await generate();
    const declared = (validationHash: string | null) => ({ generators: { openssh: { ...openssh, validationHash } } });
    assert.deepEqual(await found(declared("new")), []);
    await clan.write("vars/per-machine/galena/openssh/.validation-hash", "old\n");
    assert.deepEqual(await found(declared(null)), []);
    assert.deepEqual(await found(declared("old")), []);
    assert.deepEqual(await found(declared("new")), [
      "FC062 warning: the vars of openssh on galena were generated for another definition of it; fleet vars generate galena --generator openssh --regenerate",
    ]);
  });

  it("FC063: name a host key that opens the secrets it is one of, unless there is another key", async () => {
    await generate();
    const circular = { ...settings, keyFile: null, sshKeyPaths: [hostKey.path] };
    const [only, ...others] = await found({ generators: { openssh }, secrets: circular });
    assert.match(
      only ?? "",
      /^FC063 error: galena opens its secrets with \/run\/secrets\/vars\/openssh\/ssh\.id_ed25519/,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(await found({ generators: { openssh }, secrets: { ...circular, keyFile: "/key.txt" } }), []);
    const second = { ...circular, sshKeyPaths: [hostKey.path, "/etc/ssh/ssh_host_ed25519_key"] };
    assert.deepEqual(await found({ generators: { openssh }, secrets: second }), []);
  });

  const psk = { secret: true, deploy: true };

  it("FC032: of the age back end, name a shared secret that was not encrypted anew for a machine", async () => {
    const age = { generators: { wifi: { share: true, files: { psk } }, own: { share: false, files: { psk } } } };
    const shared = "secrets/clan-vars/shared/wifi/psk/psk.age";
    for (const path of [shared, "secrets/clan-vars/per-machine/galena/own/psk/psk.age"]) await clan.write(path, "age");
    assert.deepEqual(await found(age, ofRecipients), [
      "FC032 error: galena has no key in secrets/age-keys/machines, but gets secrets/clan-vars/shared/wifi/psk and 1 more; clan vars generate galena",
    ]);
    const { recipient } = await clan.ageKeyFor("galena");
    assert.deepEqual(await found(age, ofRecipients), [], "who opens it is not written down");
    await clan.write(`${shared}.recipients`, "age1electrum\n");
    assert.deepEqual(await found(age, ofRecipients), [
      "FC032 error: secrets/clan-vars/shared/wifi/psk is not encrypted to the key of galena; clan vars fix galena",
    ]);
    await clan.write(`${shared}.recipients`, `age1electrum\n${recipient}\n`);
    assert.deepEqual(await found(age, ofRecipients), []);
  });

  it("FC032, FC066: follow links of groups to their machines and users", async () => {
    const wifi = "vars/per-machine/galena/wifi/psk";
    const { recipient } = await clan.keyFor("galena");
    const mina = clan.operator.recipient;
    const key = (publickey: string) => JSON.stringify([{ publickey, type: "age" }]);
    await clan.write("sops/users/mina/key.json", key(mina));
    await clan.link(`${wifi}/groups/admins`, "sops/groups/admins");
    await clan.link("sops/groups/admins/users/mina", "sops/users/mina");
    await clan.link("sops/groups/admins/machines/galena", "sops/machines/galena");
    const sealed = async (...recipients: string[]) => {
      await clan.seal(`${wifi}/secret`, "words", recipients);
      return await found({ generators: { wifi: { share: false, files: { psk } } } }, ofRecipients);
    };
    assert.deepEqual(await sealed(mina, recipient), []);
    assert.deepEqual(await sealed(mina), [
      `FC032 error: ${wifi} is not encrypted to the key of galena; clan vars fix galena`,
    ]);
    assert.deepEqual(await sealed(recipient), [
      `FC066 warning: ${wifi} is not encrypted to users/mina; clan vars fix galena`,
    ]);
    const { recipient: left } = await generateAgeKey();
    assert.deepEqual(await sealed(mina, recipient, left), [
      `FC066 warning: ${wifi} can still be opened by ${left}; clan vars fix galena`,
    ]);
    await clan.link(`${wifi}/users/paul`, "sops/users/paul");
    assert.deepEqual(await sealed(mina, recipient, left), [
      `FC066 warning: ${wifi} links to users/paul without a key in sops; clan vars fix galena`,
    ]);
    assert.equal((await found(null, ofRecipients)).length, 1, "also where nothing was evaluated");
  });

  it("FC065: list what still lives in sops files, on machines that have generators", async () => {
    await generate();
    const secrets = { ...settings, sopsSecrets: ["vars/openssh/ssh.id_ed25519", "wifi/psk"] };
    assert.deepEqual(await found({ generators: { openssh }, secrets }), [
      "FC065 info: galena keeps wifi/psk in sops files beside clan's vars; declare a generator for each, and delete it from the sops file",
    ]);
    const homes = { mina: { keyFile: null, secrets: ["mail", "token"] }, paul: { keyFile: null, secrets: [] } };
    assert.deepEqual(await found({ generators: { openssh }, secrets: { ...secrets, homes } }), [
      "FC065 info: galena keeps wifi/psk; mail, token of the home of mina in sops files beside clan's vars; declare a generator for each, and delete it from the sops file",
    ]);
    assert.deepEqual(await found({ generators: {}, secrets }), []);
  });
});
