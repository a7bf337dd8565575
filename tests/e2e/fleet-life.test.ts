import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "mocha";
import { z } from "zod";
import { generateAgeKey, sealArmored } from "../../clan/vars/age/age-file.ts";
import { sealSopsBinary } from "../../clan/vars/sops/sops-binary.ts";
import { Checkout } from "./support/checkout.ts";
import { closureSteps, table } from "./support/preview.ts";
import type { Ended } from "./support/run.ts";

const exportedSchema = z.object({ deployment: z.object({ resources: z.array(z.looseObject({ urn: z.string() })) }) });
const machines = ["cinnabar", "galena", "stibnite"] as const;

describe("a fleet on three simulated hosts", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  const up = (): Promise<Ended> => checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
  /** What every test after the first ones starts from: no edit left, every host as declared. */
  const deployed = async (): Promise<void> => {
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
  };
  const running = (host: string): Promise<string> => checkout.ask(host, "readlink -f /run/current-system");
  const profile = (host: string): Promise<string> => checkout.ask(host, "readlink -f /nix/var/nix/profiles/system");
  const generation = (host: string): Promise<string> => checkout.ask(host, "readlink /nix/var/nix/profiles/system");
  /** The system of the entry that the next boot takes: systemd-boot's default, or GRUB's first. */
  const bootDefault = async (host: string): Promise<string> => {
    const grub = "cat /boot/grub/grub.cfg";
    const systemdBoot = "cat /boot/loader/entries/$(sed -n 's/^default //p' /boot/loader/loader.conf)";
    const entry = await checkout.ask(host, `if [ -e /boot/grub/grub.cfg ]; then ${grub}; else ${systemdBoot}; fi`);
    return /init=(\S+)\/init/.exec(entry)?.[1] ?? "none";
  };

  before(async () => {
    checkout = await Checkout.create();
    const ended = await checkout.sim("up");
    assert.equal(ended.code, 0, ended.text);
  });
  afterEach(() => checkout.restore());
  after(() => checkout[Symbol.asyncDispose]());

  it("is shown whole by a first preview: hosts that answer, a node that is not there yet", async () => {
    const ended = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /reachable, \S+ → \w+-nixos-system-cinnabar/);
    assert.match(ended.text, /galena-node-vm create/);
  });

  it("runs what is declared after the first up: system, profile and default boot entry agree", async () => {
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    const rows = await table(checkout);
    for (const machine of machines) {
      const row = rows[machine];
      assert.equal(row?.outcome, "switched", ended.text);
      assert.equal(await running(machine), row?.toplevel);
      assert.equal(await profile(machine), row?.toplevel);
    }
    assert.equal(await bootDefault("cinnabar"), rows["cinnabar"]?.toplevel);
    assert.equal(await bootDefault("galena"), rows["galena"]?.toplevel);
  });

  it("has its services, files, users and homes on the hosts", async () => {
    assert.equal(await checkout.ask("galena", "systemctl is-active heartbeat.service"), "active");
    assert.match(await checkout.ask("galena", "getent passwd cameron"), /^cameron:/);
    const claude = await Promise.all(
      (["galena", "stibnite"] as const).map((host) =>
        checkout.ask(host, "ls -d /home/cameron/.claude /Users/crs58/.claude 2>/dev/null; true"),
      ),
    );
    assert.deepEqual(claude, ["/home/cameron/.claude", "/Users/crs58/.claude"]);
  });

  it("has nothing to change afterwards", async () => {
    const ended = await checkout.pulumi("preview", "--stack", "local", "--expect-no-changes");
    assert.equal(ended.code, 0, ended.text);
  });

  it("takes less than 10 KB of the state's file for a machine without a cloud node", async () => {
    const exported = await checkout.pulumi("stack", "export", "--stack", "local");
    const { resources } = exportedSchema.parse(JSON.parse(exported.stdout)).deployment;
    for (const machine of ["cinnabar", "stibnite"]) {
      const own = resources.filter(({ urn }) => [machine, `${machine}-closure`].includes(urn.split("::").at(-1) ?? ""));
      assert.equal(own.length, 2);
      // Backends write it without spaces; `stack export` does not.
      const bytes = Buffer.byteLength(own.map((resource) => JSON.stringify(resource)).join(","));
      assert.ok(bytes < 9_500, `${machine}: ${bytes} bytes`);
    }
  });

  it("does nothing on any host when up is run again", async () => {
    const before = await Promise.all(machines.map(generation));
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.deepEqual(await Promise.all(machines.map(generation)), before);
  });

  it("is reached by the commands, too: the node's address stands in the stack's state", async () => {
    const status = await checkout.fleet("status", "galena", "--json");
    assert.match(status.stdout, /"state": "seen"/, status.text);
    const login = await checkout.fleet("ssh", "galena", "--", "readlink", "-f", "/run/current-system");
    assert.equal(login.stdout.trim(), await running("galena"), login.text);
  });

  it("changes exactly the machines that a one-line edit reaches, in preview and up alike", async () => {
    await deployed();
    const before = await generation("stibnite");
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "61");
    assert.deepEqual(await closureSteps(checkout), { cinnabar: "update", galena: "update" });
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    assert.match(await checkout.ask("galena", "systemctl show heartbeat.service --property=ExecStart"), / 61 /);
    assert.match(await checkout.ask("cinnabar", "systemctl show heartbeat.service --property=ExecStart"), / 61 /);
    assert.equal(await generation("stibnite"), before);
  });

  it("builds a system on its own host when told so: it is never in the operator's store", async () => {
    await checkout.edit(
      "Pulumi.local.yaml",
      "pulumi-clan:hosts:\n",
      "pulumi-clan:hosts:\n    galena: { buildOn: target }\n",
    );
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "65");
    const ended = await up();
    assert.equal(ended.code, 0, ended.text);
    const toplevel = await running("galena");
    assert.equal(await profile("galena"), toplevel);
    assert.equal(existsSync(toplevel), false);
  });

  it("shows a host that was switched by hand as drift, and mends it", async () => {
    await deployed();
    const declared = await running("cinnabar");
    await checkout.ask(
      "cinnabar",
      "nix-env -p /nix/var/nix/profiles/system --rollback && /nix/var/nix/profiles/system/bin/switch-to-configuration switch",
    );
    assert.notEqual(await running("cinnabar"), declared);

    const refresh = await checkout.pulumi("refresh", "--yes", "--stack", "local");
    assert.equal(refresh.code, 0, refresh.text);
    assert.match(refresh.text, /cinnabar-closure updated/);
    assert.deepEqual(await closureSteps(checkout), { cinnabar: "update" });
    assert.equal((await up()).code, 0);
    assert.equal(await running("cinnabar"), declared);
    assert.equal(await bootDefault("cinnabar"), declared);
  });

  it("sees a host that was reinstalled behind its back in the next preview, and up brings it back", async () => {
    await deployed();
    const declared = await running("stibnite");
    assert.equal((await checkout.sim("reset", "stibnite")).code, 0);
    assert.deepEqual(await closureSteps(checkout), { stibnite: "update" });
    await deployed();
    assert.equal(await running("stibnite"), declared);
  });

  it("goes back on the machine whose unit does not start, names the unit, and deploys the others", async () => {
    await deployed();
    const booted = await profile("galena");
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "62");
    await checkout.write(
      "modules/machines/nixos/galena/broken.ts",
      `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({
  flake: { modules: { nixos: { "machines/nixos/galena": {
    systemd: { services: { broken: { wantedBy: ["multi-user.target"], serviceConfig: { Type: "oneshot", ExecStart: "/bin/false" } } } },
  } } } },
});
`,
    );
    const ended = await up();
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, /galena: rolled-back: newly failed: broken\.service/);
    assert.equal(await running("galena"), booted);
    assert.equal(await profile("galena"), booted);
    assert.equal(await bootDefault("galena"), booted);
    assert.match(await checkout.ask("cinnabar", "systemctl show heartbeat.service --property=ExecStart"), / 62 /);
    const rows = await table(checkout);
    assert.equal(rows["galena"]?.outcome, "failed");
    assert.equal(rows["galena"]?.toplevel, booted, "what it runs after the way back");
    assert.equal(rows["cinnabar"]?.outcome, "switched");

    await checkout.restore();
    const mended = await up();
    assert.equal(mended.code, 0, mended.text);
    assert.equal(await running("galena"), await profile("galena"));
  });

  it("refuses a host that shows another key before anything is sent, and deploys the others", async () => {
    await deployed();
    const pin = join(checkout.root, ".state/sim/vars/per-machine/cinnabar/openssh/ssh.id_ed25519.pub/value");
    const pinned = await readFile(pin, "utf8");
    // Another one in its place: the simulation keeps a host's keys otherwise.
    for (const half of ["", ".pub"]) await rm(join(checkout.root, `.state/sim/host-keys/cinnabar${half}`));
    assert.equal((await checkout.sim("reset", "cinnabar")).code, 0);
    const before = await running("cinnabar");
    const logins = "journalctl --unit ssh --no-pager | grep -c Accepted";
    const accepted = Number(await checkout.ask("cinnabar", logins));
    await writeFile(pin, pinned); // the simulation mends it when it is next asked for a host
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "63");
    const ended = await up();

    assert.notEqual(ended.code, 0);
    assert.match(
      ended.text,
      /cinnabar: the host key is not the pinned one[\s\S]*expected: {1}SHA256:[\s\S]*found: {4}SHA256:/,
    );
    assert.equal(await running("cinnabar"), before);
    // Our own two questions since then log in too.
    assert.equal(Number(await checkout.ask("cinnabar", logins)), accepted + 2);
    assert.match(await checkout.ask("galena", "systemctl show heartbeat.service --property=ExecStart"), / 63 /);
    assert.equal((await table(checkout))["cinnabar"]?.outcome, "host-key");
  });

  it("deploys the others while a host is down, and this one when it is back", async () => {
    await deployed();
    await checkout.edit("Pulumi.local.yaml", "config:\n", "config:\n  pulumi-clan:connectDeadlineSeconds: 3\n");
    await checkout.edit("modules/nixos/base/heartbeat.ts", "60", "64");
    await checkout.sim("ssh", "cinnabar", "--", "systemctl poweroff"); // ends with the connection, whatever its code
    const ended = await up();
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, /cinnabar: unreachable/);
    assert.match(await checkout.ask("galena", "systemctl show heartbeat.service --property=ExecStart"), / 64 /);
    const preview = await checkout.pulumi("preview", "--stack", "local");
    assert.equal(preview.code, 0, preview.text);
    assert.match(preview.text, /unreachable: /);

    assert.equal((await checkout.sim("up")).code, 0);
    const again = await up();
    assert.equal(again.code, 0, again.text);
    assert.match(await checkout.ask("cinnabar", "systemctl show heartbeat.service --property=ExecStart"), / 64 /);
  });

  it("brings a machine's age key from the clan's vars, a new one alone as well, and tells it nobody", async () => {
    await deployed();
    const operator = await generateAgeKey();
    const clan = join(checkout.root, ".state/sim");
    const renewKey = async (): Promise<string> => {
      const { identity, recipient } = await generateAgeKey();
      const now = new Date();
      const sealed = await sealSopsBinary(Buffer.from(identity), [operator.recipient], sealArmored, now);
      await mkdir(join(clan, "sops/secrets/cinnabar-age.key"), { recursive: true });
      await writeFile(join(clan, "sops/secrets/cinnabar-age.key/secret"), sealed);
      await mkdir(join(clan, "sops/machines/cinnabar"), { recursive: true });
      const published = JSON.stringify([{ publickey: recipient, type: "age" }]);
      await writeFile(join(clan, "sops/machines/cinnabar/key.json"), published);
      return identity;
    };
    const log = join(checkout.root, ".state/events.json");
    const told: string[] = [];
    const before = await generation("cinnabar");
    checkout.environment["SOPS_AGE_KEY"] = operator.identity;
    checkout.environment["PULUMI_DEBUG_COMMANDS"] = "1"; // it knows --event-log only then
    try {
      const first = await renewKey();
      assert.deepEqual(await closureSteps(checkout), { cinnabar: "update" });
      const brought = await checkout.pulumi("up", "--yes", "--stack", "local", "--event-log", log);
      assert.equal(brought.code, 0, brought.text);
      assert.equal(await checkout.ask("cinnabar", "cat /var/lib/sops-nix/key.txt"), first);
      const state = await checkout.pulumi("stack", "export", "--stack", "local");
      assert.match(state.text, /"secretsDelivered": "sha256:/);
      told.push(brought.text, state.text, await readFile(log, "utf8"));
      assert.deepEqual(await closureSteps(checkout), {});
      const next = await renewKey();
      delete checkout.environment["SOPS_AGE_KEY"];
      const alone = await checkout.fleet("deploy", "cinnabar", "--stack", "local", "--yes");
      checkout.environment["SOPS_AGE_KEY"] = operator.identity;
      assert.notEqual(alone.code, 0, "the command was not given the operator's key");
      assert.match(alone.text, /none of your age keys opens/);
      const ended = await up();
      assert.equal(ended.code, 0, ended.text);
      assert.match(ended.text, /secrets alone/);
      assert.equal(await checkout.ask("cinnabar", "cat /var/lib/sops-nix/key.txt"), next);
      told.push(alone.text, ended.text);
      assert.equal(await generation("cinnabar"), before, "the system is the same");
    } finally {
      delete checkout.environment["SOPS_AGE_KEY"];
      delete checkout.environment["PULUMI_DEBUG_COMMANDS"];
      await rm(join(clan, "sops"), { recursive: true, force: true });
    }
    assert.ok(!told.join("\n").includes("AGE-SECRET-KEY"));
  });

  it("keeps running on its hosts when the stack is destroyed", async () => {
    const before = await running("cinnabar");
    const ended = await checkout.pulumi("destroy", "--yes", "--stack", "local");
    assert.equal(ended.code, 0, ended.text);
    assert.equal(await running("cinnabar"), before);
    assert.equal(await checkout.ask("cinnabar", "systemctl is-active heartbeat.service"), "active");
    assert.equal(await running("stibnite"), await profile("stibnite"));
  });
});
