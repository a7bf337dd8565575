import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { generateAgeKey } from "../../../clan/vars/age/age-file.ts";
import { findOperatorKeys, type OperatorKeys } from "../../../clan/vars/age/operator-keys.ts";
import type { DeclaredGenerators } from "../../../clan/vars/declared-secrets.ts";
import { SecretIdentityError } from "../../../clan/vars/errors.ts";
import { type MachineSecrets, readMachineSecrets } from "../../../clan/vars/machine-secrets.ts";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import { lookAtUserKeys } from "../../../deploy/secrets/user-keys.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { clanSecrets } from "../../../stack/clan-secrets.ts";
import { deliverSystem } from "../../../stack/deliver-system.ts";
import type { Delivery } from "../../../stack/delivery.ts";
import { ClanFolder } from "../../clan/vars/support/clan-folder.ts";
import { DeployedHost } from "../../deploy/support/deployed-host.ts";
import { derivationOf } from "../../deploy/support/derivation-of.ts";
import { patience } from "../../deploy/support/signals.ts";
import { spyOnArguments } from "../../deploy/support/spy-on-arguments.ts";
import { closureProject } from "../support/closure-project.ts";
import { spyOnHost } from "../support/spy-on-host.ts";

type AgeKey = Awaited<ReturnType<typeof generateAgeKey>>;

const machine = "basalt";
const keyFile = "/var/lib/sops-nix/key.txt";
const count = 50;
const words = (index: number): string => `plaintext-${index}-of-a-secret`;
const target = (index: number): string => `/var/lib/sops-nix/activation/secret-${index}`;

describe("clan's vars on a host", function () {
  this.timeout(180_000);
  let host: DeployedHost;
  let clan: ClanFolder;
  let decryptions = 0;
  before(async () => {
    clan = await ClanFolder.create();
    host = await DeployedHost.start("nixos");
  });
  after(async () => {
    await host?.[Symbol.asyncDispose]();
    await clan?.[Symbol.asyncDispose]();
  });

  const activation = { secret: true, deploy: true, neededFor: "activation" };
  const generators: DeclaredGenerators = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `generator-${index}`,
      {
        share: false,
        files: { secret: { ...activation, path: target(index), ...(index === 0 ? { mode: "0440" } : {}) } },
      },
    ]),
  );
  const declared = async (): Promise<MachineSecrets> => {
    const secrets = await readMachineSecrets(clan.root, machine, { generators, settings: null });
    assert.ok(secrets);
    return secrets;
  };
  const source = (secrets: MachineSecrets, toplevel: StorePath, findKeys = clan.findKeys) =>
    clanSecrets({ machine, secrets, toplevel, hostKeys: [] }, () => {
      decryptions++;
      return findKeys();
    });
  const deploy = async (toplevel: StorePath, findKeys?: () => Promise<OperatorKeys>, events: FleetEvent[] = []) =>
    host.deploy(toplevel, {
      secrets: source(await declared(), toplevel, findKeys),
      onEvent: (event) => void events.push(event),
    });
  /** A system whose sops file is encrypted to these; it lies on the host as the closure would have brought it. */
  const systemFor = async (
    name: string,
    recipients: readonly string[],
    units: Readonly<Record<string, string>> = {},
  ): Promise<StorePath> => {
    const manifest = `/nix/store/${"0".repeat(32)}-manifest-${name}.json`;
    const sopsFile = `/nix/store/${"0".repeat(32)}-${name}.yaml`;
    const listed = JSON.stringify({ secrets: [{ name: "a", sopsFile }], ageKeyFile: keyFile, ageSshKeyPaths: [] });
    const yaml = recipients.map((recipient) => `        - recipient: ${recipient}`).join("\n");
    await host.ask(`printf '%s' '${listed}' >${manifest}; printf '%s\n' 'sops:\n    age:\n${yaml}' >${sopsFile}`);
    const activate = `#!/bin/sh\n# sops-install-secrets ${manifest}\nln -sfn "$(dirname "$(readlink -f "$0")")" /run/current-system\n`;
    return host.system({ name, units, files: { activate } });
  };

  it("are its key and fifty files, with their modes, and nobody else ever sees one of them", async () => {
    const { identity, recipient } = await clan.keyFor(machine);
    for (let index = 0; index < count; index++) {
      const path = `vars/per-machine/${machine}/generator-${index}/secret/secret`;
      await clan.seal(path, words(index), [clan.operator.recipient, recipient]);
    }
    const one = await systemFor("one", [recipient]);
    await using spying = spyOnArguments();
    const spiedThere = await spyOnHost(host);
    const events: FleetEvent[] = [];
    const outcome = await deploy(one, undefined, events);
    await spiedThere();
    const here = await spying.seen();

    assert.equal(outcome.kind, "switched", JSON.stringify(outcome));
    assert.equal(await host.ask(`cat ${keyFile}`), identity);
    const all = await host.ask(`for n in $(seq 0 ${count - 1}); do cat ${target(0).replace(/0$/, "$n")}; echo; done`);
    assert.deepEqual(
      all.split("\n"),
      Array.from({ length: count }, (_, index) => words(index)),
    );
    assert.equal(
      await host.ask(`stat -c '%a %U' ${keyFile} ${target(0)} ${target(1)}`),
      "400 root\n440 root\n400 root",
    );

    assert.ok(here.includes("mocha"), "the spy here works");
    const state = JSON.stringify(await declared());
    const searched = [here, JSON.stringify(events), JSON.stringify(outcome), state].join("\n");
    for (const word of [identity, ...Array.from({ length: count }, (_, index) => words(index))]) {
      for (const form of [word, Buffer.from(word).toString("base64").slice(0, -4)])
        assert.ok(!searched.includes(form), form);
    }
    const forms = `plaintext-[0-9]*-of|AGE-SECRET-KEY|${Buffer.from("plaintext-").toString("base64").slice(0, 12)}`;
    assert.equal(
      await host.ask(`grep -cE '${forms}' /run/seen /run/seen.journal || true`),
      "/run/seen:0\n/run/seen.journal:0",
    );
    assert.equal(await host.ask("grep -c secrets/phase.sh /run/seen | sed 's/^0$/never/; s/^[0-9]*$/seen/'"), "seen");
    assert.equal(
      await host.ask(`grep -rlE 'plaintext-[0-9]*-of' /nix/var /var/log /tmp 2>/dev/null || echo none`),
      "none",
    );
  });

  it("cost nothing when they have not changed: nothing is decrypted, sent or restarted", async () => {
    const one = await systemFor("one", (await declared()).recipients);
    const [before, calls] = [decryptions, (await host.calls(one)).length];
    assert.equal((await deploy(one)).kind, "unchanged");
    assert.deepEqual([decryptions, (await host.calls(one)).length], [before, calls]);
  });

  it("are replaced alone when one of them changed: the system stays", async () => {
    const { recipients } = await declared();
    const one = await systemFor("one", recipients);
    const calls = (await host.calls(one)).length;
    await clan.seal(`vars/per-machine/${machine}/generator-7/secret/secret`, "rotated", [clan.operator.recipient]);
    assert.equal((await deploy(one)).kind, "switched");
    assert.equal(await host.ask(`cat ${target(7)} ${target(8)}`), `rotated${words(8)}`);
    assert.equal((await host.calls(one)).length, calls);
  });

  it("are refused with a new key that does not open the new system's files, and the host keeps its own", async () => {
    const { recipients: former } = await declared();
    const kept = await host.ask(`cat ${keyFile}`);
    const next = await clan.keyFor(machine);
    const stale = await systemFor("stale", former);
    const refused = await deploy(stale);
    assert.equal(refused.kind, "refused");
    assert.match(
      refused.reason ?? "",
      new RegExp(`stale.yaml is encrypted to ${former[0]} and not to .*${next.recipient}`),
    );
    assert.equal(await host.ask(`cat ${keyFile}`), kept);
    const fresh = await systemFor("fresh", [next.recipient]);
    assert.equal((await deploy(fresh)).kind, "switched");
    assert.equal(await host.ask(`cat ${keyFile}`), next.identity);
  });

  it("cannot be sent by whoever has lost their key: the error says whose key it takes and where was looked", async () => {
    const fresh = await systemFor("fresh", (await declared()).recipients);
    const stranger = await generateAgeKey();
    await clan.seal(`vars/per-machine/${machine}/generator-9/secret/secret`, "again", [clan.operator.recipient]);
    await assert.rejects(
      deploy(fresh, () => clan.keysOf(stranger)),
      (error: unknown) => {
        assert.ok(error instanceof SecretIdentityError);
        assert.match(error.facts.expected, new RegExp(clan.operator.recipient));
        assert.match(error.facts.found, /SOPS_AGE_KEY \(1 key\)/);
        assert.ok(!error.message.includes(stranger.identity));
        return true;
      },
    );
    assert.equal(await host.ask(`cat ${target(9)}`), words(9));
    assert.equal((await deploy(fresh)).kind, "switched");
    assert.equal(await host.ask(`cat ${target(9)}`), "again");
  });

  it("bring a home the key of its user, and take it away again with a system that fails", async () => {
    const path = "/home/mina/.config/sops/age/keys.txt";
    await host.ask(
      "echo 'mina:x:1500:1500::/home/mina:/bin/sh' >>/etc/passwd; mkdir /home/mina; chown 1500:1500 /home/mina",
    );
    const own = await generateAgeKey();
    const userKey = (key: AgeKey) => ({ user: "mina", path, recipients: [key.recipient] });
    const bring = async (toplevel: StorePath, key: AgeKey, events: FleetEvent[] = []) => {
      const secrets = { ...(await declared()), digest: `sha256:${key.recipient}`, userKeys: [userKey(key)] };
      const SOPS_AGE_KEY = `${clan.operator.identity}\n${key.identity}`;
      const keys = () => findOperatorKeys({ env: { SOPS_AGE_KEY }, home: clan.root, platform: "linux" });
      return await host.deploy(toplevel, {
        secrets: source(secrets, toplevel, keys),
        onEvent: (event) => void events.push(event),
      });
    };
    const look = async () =>
      (await lookAtUserKeys(await connected(), [{ user: "mina", path }], patience())).map(({ problem }) => problem);
    await using pool = new ConnectionPool();
    const connected = () => pool.acquire(host.spec, () => undefined, patience());

    assert.deepEqual(await look(), ["missing"]);
    const fresh = await systemFor("fresh", (await declared()).recipients);
    assert.equal((await bring(fresh, own)).kind, "switched");
    assert.equal(await host.ask(`cat ${path}; stat -c '%a %U' ${path}`), `${own.identity}\n600 mina`);
    assert.deepEqual(await look(), []);
    const [before, calls] = [decryptions, (await host.calls(fresh)).length];
    assert.equal((await bring(fresh, own)).kind, "unchanged");
    assert.deepEqual([decryptions, (await host.calls(fresh)).length], [before, calls]);
    await host.ask(`chmod 644 ${path}`);
    assert.deepEqual(await look(), ["mode"]);
    await host.ask(`chmod 600 ${path}; chown root ${path}`);
    assert.deepEqual(await look(), ["owner"]);
    await host.ask(`chown mina ${path}`);

    const next = await generateAgeKey();
    const failing = await systemFor("failing", (await declared()).recipients, { failing: "/bin/false" });
    assert.equal((await bring(failing, next)).kind, "rolled-back");
    assert.equal(await host.ask(`cat ${path}`), own.identity);
    const events: FleetEvent[] = [];
    assert.equal((await bring(fresh, next, events)).kind, "switched");
    assert.equal(await host.ask(`cat ${path}`), `${own.identity}\n${next.identity}`);
    assert.ok(events.some(({ message }) => message.includes(`beside other keys, which stay: ${path}`)));
    for (const { identity } of [own, next]) assert.ok(!JSON.stringify(events).includes(identity));
    // As it was declared before.
    assert.equal((await deploy(fresh)).kind, "switched");
  });

  it("stop whoever cannot open them before anything is built, and only where the host lacks them", async () => {
    const { recipients } = await declared();
    const fresh = await systemFor("fresh", recipients);
    const stranger = await generateAgeKey();
    const { name, address, identityFile } = host.sim;
    const delivery = async (changes: Partial<Delivery>): Promise<Delivery> => ({
      machine: name,
      class: "nixos",
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      toplevel: fresh,
      buildOn: "local",
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: host.spec.hostKeys,
      connectDeadlineSeconds: 60,
      deadlineSeconds: 600,
      policy: activationPolicySchema.parse({}),
      owner: { project: "fleet", stack: "test" },
      secrets: await declared(),
      ...changes,
    });
    const former = process.env["SOPS_AGE_KEY"];
    process.env["SOPS_AGE_KEY"] = stranger.identity;
    try {
      const { outcome } = await deliverSystem(await delivery({}), () => undefined, patience());
      assert.equal(outcome.kind, "unchanged", JSON.stringify(outcome));
      await clan.seal(`vars/per-machine/${machine}/generator-9/secret/secret`, "third", [clan.operator.recipient]);
      const phases: string[] = [];
      const unbuilt = await delivery({ drvPath: `/nix/store/${"0".repeat(32)}-never-built.drv` });
      await assert.rejects(
        deliverSystem(unbuilt, ({ phase = "" }) => phases.push(phase), patience()),
        (error: unknown) => error instanceof SecretIdentityError && error.message.includes(clan.operator.recipient),
      );
      assert.deepEqual(
        phases.filter((phase) => !["connect", "host-key"].includes(phase)),
        [],
      );
    } finally {
      if (former === undefined) delete process.env["SOPS_AGE_KEY"];
      else process.env["SOPS_AGE_KEY"] = former;
    }
    assert.equal(await host.ask(`cat ${target(9)}`), "again");
  });

  it("stand in nothing that Pulumi's engine stores, logs or runs", async () => {
    const { identity, recipient } = await clan.keyFor(machine);
    for (let index = 0; index < count; index++) {
      const path = `vars/per-machine/${machine}/generator-${index}/secret/secret`;
      await clan.seal(path, words(index), [clan.operator.recipient, recipient]);
    }
    const { name, address, identityFile } = host.sim;
    const secrets = await declared();
    await using project = await closureProject({
      ...(await derivationOf(await systemFor("engine", [recipient]), "engine")),
      machine: name,
      class: "nixos",
      system: process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux",
      buildOn: "local",
      targetHost: `root@${address}`,
      identityFiles: [identityFile],
      hostKeys: host.spec.hostKeys,
      policy: activationPolicySchema.parse({}),
      connectDeadlineSeconds: 60,
      deadlineSeconds: 600,
      owner: { project: "fleet", stack: "test" },
      secrets,
      power: "on",
      reportTo: "",
    });
    await using spying = spyOnArguments();
    const spiedThere = await spyOnHost(host);
    const { stdout, stderr, exitCode } = await project.up({ SOPS_AGE_KEY: clan.operator.identity });
    await spiedThere();
    const here = await spying.seen();
    assert.equal(exitCode, 0, `${stdout}${stderr.slice(-5_000)}`);
    assert.equal(await host.ask(`cat ${keyFile} ${target(1)}`), `${identity}\n${words(1)}`);

    const stored = await project.stored();
    const texts = [...stored.values()];
    assert.ok(texts.some((text) => text.includes('"secretsDelivered":') && text.includes(secrets.digest)));
    assert.ok(stored.get("events.json")?.includes("resOutputsEvent"), "the event log is one");
    assert.ok(here.includes("pulumi-language-nodejs") && stderr.includes("SystemClosure"), "the spy and the log work");
    const all = [here, stdout, stderr, ...texts].join("\n");
    for (const word of [identity, ...Array.from({ length: count }, (_, index) => words(index))])
      for (const form of [word, Buffer.from(word).toString("base64").slice(0, -4)])
        assert.ok(!all.includes(form), form);
    const forms = `plaintext-[0-9]*-of|AGE-SECRET-KEY|${Buffer.from("plaintext-").toString("base64").slice(0, 12)}`;
    const found = await host.ask(`grep -cE '${forms}' /run/seen /run/seen.journal || true`);
    assert.equal(found, "/run/seen:0\n/run/seen.journal:0");
  });
});
