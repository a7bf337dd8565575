import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { RemoteCommandError } from "../../../deploy/errors.ts";
import { DeployedHost } from "../support/deployed-host.ts";

describe("deploying where a host is not as one expects", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  beforeEach(async () => {
    host = await DeployedHost.start("nixos");
  });
  afterEach(() => host[Symbol.asyncDispose]());

  it("does not commit a unit that fails and is started again and again", async () => {
    const before = await host.witness();
    const unit = (result: string): string =>
      `[Service]\nType=oneshot\nRestart=on-failure\nRestartSec=600\nExecStart=${result}\n`;
    const looping = await host.system({ name: "looping", files: { "units/loop.service": unit("/bin/false") } });
    const outcome = await host.deploy(looping);
    assert.deepEqual([outcome.kind, outcome.reason], ["rolled-back", "newly failed: loop.service"]);
    const after = await host.witness();
    assert.deepEqual([after.current, after.profile], [before.current, before.profile]);
    const mended = await host.system({ name: "mended", files: { "units/loop.service": unit("/bin/true") } });
    assert.equal((await host.deploy(mended)).kind, "switched");
  });

  it("does not commit a unit that runs whenever it is looked at, and dies in between", async () => {
    const crash =
      "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=0.1\nExecStart=/bin/sh -c 'sleep 1; exit 3'\n";
    const died = "until [ $(systemctl show --property=NRestarts --value crash.service) -gt 0 ]; do sleep 0.1; done";
    const files = { "units/crash.service": crash };
    const system = await host.system({ name: "crashing", files, units: { later: `/bin/sh -c '${died}'` } });
    const { kind, reason = "" } = await host.deploy(system);
    assert.equal(kind, "rolled-back", reason);
    assert.match(
      reason,
      /^(?:started again and again|newly failed): crash\.service$/,
      "the second when it is just down",
    );
  });

  it("ends in an outcome when the host talks nonsense after the test: the state must learn that it was touched", async () => {
    const nonsense = "mkdir -p /run/nixos; echo 'nonsense$' >/run/nixos/start-list";
    const system = await host.system({ name: "nonsense", afterActivation: nonsense });
    const outcome = await host.deploy(system);
    assert.equal(outcome.kind, "interrupted");
    assert.match(outcome.reason ?? "", /^the host describes itself in a way that makes no sense /);
    await host.ask("rm /run/nixos/start-list");
    assert.equal((await host.deploy(system)).kind, "switched");
  });

  it("ends in an outcome also when it is stopped between the commit and the reboot that follows", async () => {
    const system = await host.system({ name: "stopped" });
    const stop = new AbortController();
    const onEvent = ({ phase }: { phase: string }): void => {
      if (phase === "reboot") stop.abort(new Error("^C"));
    };
    const outcome = await host.deploy(system, { policy: { rebootPolicy: "always" }, onEvent, signal: stop.signal });
    assert.deepEqual([outcome.kind, outcome.facts.committed], ["interrupted", true], outcome.reason);
    assert.equal((await host.deploy(system)).kind, "unchanged");
  });

  it("obeys the order that comes after one of somebody whose orders do not count any more", async () => {
    const forged = "d=$(echo /nix/var/pulumi-clan/jobs/*-test-1); echo 'rollback 00000000 forged' >$d/order";
    const system = await host.system({ name: "ordered", afterActivation: `umask >/run/umask; ${forged}` });
    const outcome = await host.deploy(system, { policy: { ackDeadlineSeconds: 20 } });
    assert.deepEqual([outcome.kind, await host.ask("cat /run/umask")], ["switched", "0022"], outcome.reason);
  });

  it("commits and names failed units although nobody can read the journal", async () => {
    const cut = `for p in /proc/[0-9]*; do case $(cat $p/comm) in sshd-session) kill -9 \${p#/proc/} ;; esac; done`;
    await host.ask(`printf '%s\\n' '#!/bin/sh' '${cut}' >/usr/bin/journalctl`);
    const system = await host.system({ name: "mute", units: { "home-manager-cameron": "/bin/false" } });
    const { kind, facts } = await host.deploy(system, { policy: { reconnectDeadlineSeconds: 1 } });
    assert.deepEqual([kind, facts.committed], ["switched-with-failed-units", true]);
    assert.deepEqual(facts.newlyFailed, [{ unit: "home-manager-cameron.service", journal: [] }]);
  });

  it("goes on where a power loss left a job without its code, and something else lies about", async () => {
    const jobs = "/nix/var/pulumi-clan/jobs";
    await host.ask(
      `mkdir -p "${jobs}/00000000000000bb-test-1" "${jobs}/some notes"; : >${jobs}/00000000000000bb-test-1/status`,
    );
    assert.equal((await host.deploy(await host.system({ name: "after-loss" }))).kind, "switched");
  });

  it("sets the profile back also when the commit that set it died, and what the host tries after it fails", async () => {
    const good = await host.witness();
    const dying =
      "if [ ! -e /run/died ]; then touch /run/died; systemctl kill -s KILL 'pulumi-clan-*-test-1.service'; sleep 9; fi";
    const system = await host.system({ name: "dying", beforeBoot: `${dying}; echo "No space left on device"; exit 1` });
    assert.equal((await host.deploy(system)).kind, "commit-failed");
    assert.equal((await host.ask("ls /run/died")).trim(), "/run/died");
    const { profile, generation, boots } = await host.witness();
    assert.deepEqual([profile, generation, boots], [good.profile, good.generation, good.boots]);
  });

  it("does not take an entry in GRUB's menu for the default one", async () => {
    const menu = (...inits: readonly string[]): string =>
      `rm -rf /boot/loader; mkdir -p /boot/grub; for init in ${inits.join(" ")}; do echo "linux /k init=$init/init"; done >/boot/grub/grub.cfg; exit 0`;
    const good = await host.witness();
    const second = await host.deploy(await host.system({ name: "second", beforeBoot: menu(good.current, "$here") }));
    assert.deepEqual([second.kind, (await host.witness()).profile], ["commit-failed", good.profile]);
    const first = await host.deploy(await host.system({ name: "first", beforeBoot: menu("$here", good.current) }));
    assert.deepEqual([first.kind, first.facts.bootable], ["switched", "verified"]);
  });

  it("refuses a loader of another kind before anything, unless it shall be installed", async () => {
    const efi = await host.system({ name: "efi", loader: "systemd-boot" });
    assert.equal((await host.deploy(efi)).kind, "switched");
    const beforeBoot = 'echo "install $NIXOS_INSTALL_BOOTLOADER" >/run/installed';
    const bios = await host.system({ name: "bios", loader: "grub", beforeBoot });
    const refused = await host.deploy(bios);
    assert.deepEqual(
      [refused.kind, refused.reason],
      [
        "refused",
        "the new system boots by grub, this host by systemd-boot: set installBootloader to have it installed",
      ],
    );
    assert.deepEqual(await host.calls(bios), []);
    assert.equal((await host.deploy(bios, { policy: { installBootloader: true } })).kind, "switched");
    assert.equal(await host.ask("cat /run/installed"), "install 1");
  });

  it("names what keeps it from taking the lock", async () => {
    await host.ask("touch /nix/var/pulumi-clan");
    const refused = host.deploy(await host.system({ name: "no-state" }), { policy: { reconnectDeadlineSeconds: 1 } });
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(error instanceof RemoteCommandError);
      assert.match(error.facts.summary, /: the lock could not be taken$/);
      assert.match(error.facts.found, /^exit code 1: mkdir: .*File exists$/);
      return true;
    });
  });

  it("commits where the loader picks the default itself, and says that it could not verify it", async () => {
    const pattern = "trap 'sed -i \"s/^default .*/default nixos-*/\" /boot/loader/loader.conf' EXIT";
    const system = await host.system({ name: "pattern", beforeBoot: pattern });
    const { kind, facts } = await host.deploy(system);
    assert.deepEqual([kind, facts.committed, facts.bootable], ["switched", true, "unverified"]);
    assert.equal((await host.deploy(system)).kind, "unchanged");
  });
});
