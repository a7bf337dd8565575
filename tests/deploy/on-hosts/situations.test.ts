import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import type { StorePath } from "../../../local-nix/store-path.ts";
import { type SwitchedHost, switchedHost } from "../../sim/system/switched-host.ts";
import { deployTo } from "../support/deploy-to.ts";
import { DeployedHost, gate } from "../support/deployed-host.ts";

const run = promisify(execFile);

/** What docs/situations.md names and no other test is about. */
describe("situations that a deployment meets", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let good: StorePath;
  before(async () => {
    host = await DeployedHost.start("nixos");
    const hangs = "[ ! -e /run/hang ] || sleep 7777";
    const stubborn = "[ ! -e /run/stubborn ] || exit 1";
    const activate = `#!/bin/sh\n${stubborn}\nln -sfn "$(dirname "$(readlink -f "$0")")" /run/current-system\n`;
    const beforeActivation = `${hangs}; ${stubborn}`;
    good = await host.system({ name: "good", beforeActivation, units: { alpha: "/bin/true" }, files: { activate } });
    assert.equal((await host.deploy(good)).kind, "switched");
  });
  after(() => host[Symbol.asyncDispose]());

  const isGood = async (): Promise<void> => {
    const { current, profile, boots } = await host.witness();
    assert.deepEqual([current, profile, boots], [good, good, good]);
    assert.equal(await host.ask("systemctl is-active alpha.service"), "active");
  };

  it("a user's manager that hangs stops new and old system at the same place: killed, and the units started alone", async () => {
    // Fact 3: it is waited for without a limit, after the stop phase, and in the old system's test as well.
    const hang = "systemctl stop alpha; touch /run/hang; sleep 7777";
    const next = await host.system({ name: "hanging-user", afterActivation: hang });
    const outcome = await host.deploy(next, { policy: { testDeadlineSeconds: 5, rollbackDeadlineSeconds: 5 } });
    assert.deepEqual([outcome.kind, outcome.reason], ["rolled-back", "it was stopped at its deadline"]);
    await host.ask("rm /run/hang");
    await isGood();
    assert.equal(await host.ask("grep -al '777[7]' /proc/[0-9]*/cmdline 2>/dev/null || true"), "", "nothing is left");
  });

  it("a lost network, longer than every deadline: the host has gone back by itself, and says so afterwards", async () => {
    const { lines, open, reached } = gate("network");
    const next = await host.system({ name: "cut-off", afterActivation: lines });
    const policy = { ackDeadlineSeconds: 5, reconnectDeadlineSeconds: 60 };
    const deployment = host.deploy(next, { policy, connection: { keepaliveSeconds: 1 } });
    await host.ask(reached);
    const { stdout } = await run("ip", ["route", "show", host.sim.address]);
    await run("ip", ["route", "replace", "blackhole", host.sim.address]);
    try {
      await host.ask(`${open}; until ls /nix/var/pulumi-clan/jobs/*-test-1/status >/dev/null 2>&1; do sleep 0.1; done`);
      await isGood();
    } finally {
      await run("ip", ["route", "delete", "blackhole", host.sim.address]);
      await run("ip", ["route", "replace", ...stdout.trim().split(/\s+/)]);
    }
    const outcome = await deployment;
    assert.deepEqual([outcome.kind, outcome.reason], ["rolled-back", "no acknowledgement within 5 s"]);
    await isGood();
  });

  it("no way back but a reboot, which the policy allows: the default entry never changed", async () => {
    const files = { "units/broken.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n" };
    const next = await host.system({ name: "stuck", afterActivation: "touch /run/stubborn", files });
    const failed = await host.deploy(next);
    assert.equal(failed.kind, "rollback-failed", failed.reason);
    assert.equal((await host.witness()).boots, good);
    const policy = { rebootPolicy: "if-needed", reconnectDeadlineSeconds: 60 };
    const outcome = await host.deploy(next, { policy, connection: { keepaliveSeconds: 0.5 } });
    assert.equal(outcome.kind, "rolled-back", outcome.reason);
    assert.match(outcome.reason ?? "", /^newly failed: broken\.service; .*; rebooted into the previous system$/);
    assert.equal((await host.deploy(good)).kind, "unchanged");
    // The fixture's own units lie in /run, which a boot empties.
    await host.ask(`cp ${good}/units/* /run/systemd/system/ && systemctl daemon-reload && systemctl start alpha`);
    await isGood();
  });

  it("switch-to-configuration ends with 11 without a word of its lock: logind could not be asked, after units were stopped", async () => {
    const beforeActivation = "systemctl stop alpha; echo 'Resource temporarily unavailable'; exit 11";
    const outcome = await host.deploy(await host.system({ name: "errno-11", beforeActivation }));
    assert.equal(outcome.kind, "rolled-back");
    assert.match(outcome.reason ?? "", /^switch-to-configuration ended with 11: .*; no longer active: alpha\.service$/);
    await isGood();
  });

  it("data that the new system changed: the hook before the test saves it, the one after the rollback brings it back", async () => {
    const data = "/var/lib/database";
    await host.ask(`mkdir -p ${data} && echo 'schema 15' >${data}/version`);
    const hook = (line: string) => [{ argv: ["/bin/sh", "-c", line] }];
    const hooks = {
      beforeTest: hook(`rm -rf ${data}.saved && cp -a ${data} ${data}.saved`),
      afterRollback: hook(`rm -rf ${data} && mv ${data}.saved ${data}`),
    };
    const migrating = await host.system({
      name: "migrating",
      afterActivation: `echo 'schema 16' >${data}/version`,
      units: { application: "/bin/false" },
    });
    assert.equal((await host.deploy(migrating)).kind, "rolled-back");
    assert.equal(await host.ask(`cat ${data}/version`), "schema 16", "a rollback returns the system, not its data");
    await host.ask(`echo 'schema 15' >${data}/version`);
    assert.equal((await host.deploy(migrating, { policy: { hooks } })).kind, "rolled-back");
    assert.equal(await host.ask(`cat ${data}/version`), "schema 15");
    await isGood();
  });

  it("systemd executes itself anew, the store is collected, and the network comes back late: committed all the same", async () => {
    const late =
      "systemctl stop ssh.socket ssh.service; systemd-run --on-active=3 --timer-property=AccuracySec=100ms systemctl start ssh.socket ssh.service";
    const next = await host.system({ name: "restless", afterActivation: `systemctl daemon-reexec; ${late}` });
    const collect = ["/bin/sh", "-c", "nix-store --gc >/dev/null"];
    const healthGates = [{ kind: "command", argv: collect, deadlineSeconds: 60, attemptSeconds: 50 }];
    const outcome = await host.deploy(next, { policy: { healthGates, ackDeadlineSeconds: 60 } });
    assert.deepEqual([outcome.kind, outcome.facts.current], ["switched", next], outcome.reason);
    assert.equal(await host.ask(`test -e ${good}/activate && echo there`), "there", "the way back was not collected");
    assert.equal((await host.deploy(good)).kind, "switched");
    await isGood();
  });

  it("a host without Nix's tools: refused, with the reason", async () => {
    const folders = "/nix/var/nix/profiles/default/bin /run/current-system/sw/bin /usr/bin /usr/local/bin";
    const move = (from: string, to: string): Promise<string> =>
      host.ask(`for d in ${folders}; do [ ! -e $d/${from} ] || mv $d/${from} $d/${to}; done`);
    const next = await host.system({ name: "no-nix" });
    await move("nix-env", "nix-env.away");
    const outcome = await host.deploy(next);
    await move("nix-env.away", "nix-env");
    assert.deepEqual([outcome.kind, outcome.reason], ["refused", "no nix-store and nix-env on the host"]);
    await isGood();
  });

  it("loaders: extlinux and lanzaboote are verified by their own files, an unknown one is no failure", async () => {
    const clean = "rm -rf /boot/loader /boot/extlinux /boot/EFI";
    const number = "number=$(readlink /nix/var/nix/profiles/system | tr -dc 0-9)";
    const image = "printf 'MZ\\0init=%s/init quiet\\0' $here >/boot/EFI/Linux/nixos-generation-$number-abc.efi";
    const loaders = {
      extlinux: `mkdir -p /boot/extlinux; echo "APPEND init=$here/init" >/boot/extlinux/extlinux.conf`,
      lanzaboote: `mkdir -p /boot/loader /boot/EFI/Linux; echo 'default nixos-*' >/boot/loader/loader.conf; ${number}; ${image}`,
      unknown: ":",
    };
    for (const [name, write] of Object.entries(loaders)) {
      const system = await host.system({ name: `loader-${name}`, beforeBoot: `${clean}; ${write}; exit 0` });
      const { kind, facts, reason } = await host.deploy(system);
      const bootable = name === "unknown" ? "unverified" : "verified";
      assert.deepEqual([kind, facts.bootable], ["switched", bootable], `${name}: ${reason}`);
      assert.equal((await host.deploy(system)).kind, "unchanged", name);
    }
  });

  it("/boot stands in fstab and is not mounted: refused, nothing is written into the empty folder", async () => {
    const before = await host.witness();
    await host.ask("umount -l /boot; echo '/dev/disk/by-label/ESP /boot vfat nofail 0 2' >>/etc/fstab");
    const outcome = await host.deploy(await host.system({ name: "no-esp" }));
    assert.deepEqual([outcome.kind, outcome.reason], ["refused", "/boot stands in fstab and is not mounted"]);
    assert.equal(await host.ask("ls /boot"), "");
    assert.deepEqual(
      [(await host.witness()).current, (await host.witness()).profile],
      [before.current, before.profile],
    );
  });
});

describe("what activation scripts learn", function () {
  this.timeout(250_000);
  let machine: SwitchedHost;
  before(async () => {
    machine = await switchedHost("nixos");
  });
  after(() => machine[Symbol.asyncDispose]());

  it("NIXOS_ACTION is test; and switch, too, for the policy that commits with it", async () => {
    const loader = "boot.loader.systemd-boot.enable = lib.mkForce true;";
    const probe = 'system.activationScripts.probe.text = "echo $NIXOS_ACTION >>/run/actions";';
    const first = await machine.toplevel(`${loader} ${probe}`);
    const second = await machine.toplevel(`${loader} ${probe} environment.etc."second".text = "";`);
    assert.equal((await deployTo(machine.host, first)).kind, "switched");
    assert.equal(await machine.ask("cat /run/actions; rm /run/actions"), "test");
    const { kind, reason } = await deployTo(machine.host, second, { commitWith: "switch" });
    assert.deepEqual([kind, await machine.ask("cat /run/actions")], ["switched", "test\nswitch"], reason);
  });
});
