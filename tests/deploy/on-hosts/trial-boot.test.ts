import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readBoot } from "../../../deploy/boot/read-boot.ts";
import { decideReboot } from "../../../deploy/boot/reboot-need.ts";
import { clearTrial, stageTrial } from "../../../deploy/boot/trial.ts";
import { parseStorePath } from "../../../local-nix/store-path.ts";
import { switchedHost } from "../../sim/system/switched-host.ts";
import { deployTo } from "../support/deploy-to.ts";
import { patience } from "../support/signals.ts";
import { simShell } from "../support/sim-shell.ts";

const report = (): void => undefined;
const loaders = {
  "systemd-boot": "boot.loader.systemd-boot.enable = lib.mkForce true;",
  grub: "boot.loader.systemd-boot.enable = lib.mkForce false; boot.loader.grub.enable = true;",
} as const;

describe("a boot for once", function () {
  this.timeout(250_000);
  for (const loader of ["systemd-boot", "grub"] as const) {
    it(`starts the new system once, and the old one afterwards, with ${loader}`, async () => {
      await using machine = await switchedHost("nixos", { loader });
      const { host, ask, bring } = machine;
      await using shell = simShell(host);
      const running = parseStorePath(await bring(loaders[loader]));
      const next = parseStorePath(await bring(`${loaders[loader]} boot.kernelParams = [ "panic=30" ];`));
      await ask(
        `nix-env -p /nix/var/nix/profiles/system --set ${running} && ${running}/bin/switch-to-configuration boot`,
      );
      await host.reboot(patience());
      const boots = (): Promise<string> => ask("readlink -f /run/booted-system");
      assert.equal(await boots(), running);

      const facts = await readBoot(shell, next, patience());
      assert.deepEqual(
        [facts.loader.kind, facts.loader.default?.init, facts.paths.profile],
        [loader, `${running}/init`, running],
      );
      assert.ok(facts.wanted !== undefined);
      assert.deepEqual(decideReboot(facts.booted, facts.running, facts.wanted), {
        kind: "needed",
        reasons: ["kernel parameters: +panic=30"],
        mustNotSwitch: [],
      });

      const staged = await stageTrial(shell, { toplevel: next }, report, patience());
      assert.ok(staged.kind === "staged", JSON.stringify(staged));
      const again = await readBoot(shell, next, patience());
      assert.equal(again.loader.default?.init, `${running}/init`, "the default is as before");
      if (loader === "grub") assert.equal(again.loader.oneShot, staged.entry);
      await host.reboot(patience());
      assert.equal(await boots(), next);
      await host.reboot(patience());
      assert.equal(await boots(), running, "once only");

      assert.equal((await stageTrial(shell, { toplevel: next }, report, patience())).kind, "staged");
      assert.equal(await clearTrial(shell, patience()), undefined);
      assert.equal(await clearTrial(shell, patience()), undefined, "a second time, too");
      const cleared = await readBoot(shell, next, patience());
      assert.deepEqual(
        cleared.loader.entries.filter(({ init }) => init === `${next}/init`),
        [],
      );
      assert.equal(await ask("ls /nix/var/nix/profiles/system-profiles"), "");
      await host.reboot(patience());
      assert.equal(await boots(), running);
    });
  }

  it("is not staged when the entry cannot be written, and leaves the loader as it was", async () => {
    await using machine = await switchedHost("nixos");
    await using shell = simShell(machine.host);
    const running = parseStorePath(await machine.bring(loaders["systemd-boot"]));
    const next = parseStorePath(await machine.bring(`${loaders["systemd-boot"]} boot.initrd.name = "another";`));
    await machine.ask(
      `nix-env -p /nix/var/nix/profiles/system --set ${running} && ${running}/bin/switch-to-configuration boot`,
    );
    const before = await machine.ask("cat /boot/loader/loader.conf; ls /boot/loader/entries");
    await machine.ask("head -c 100000000 /dev/zero >/boot/full 2>/dev/null; true");
    const full = await stageTrial(shell, { toplevel: next }, report, patience());
    assert.equal(full.kind, "impossible", JSON.stringify(full));
    await machine.ask("rm /boot/full");
    assert.equal(await machine.ask("cat /boot/loader/loader.conf; ls /boot/loader/entries"), before);
    const container = parseStorePath(await machine.bring("boot.isContainer = true;"));
    assert.deepEqual(await stageTrial(shell, { toplevel: container }, report, patience()), {
      kind: "impossible",
      reason: "the new system has no kernel of its own",
    });
  });

  it("comes before the commit of a system that only a reboot leads to, and is undone when that is not healthy", async () => {
    await using machine = await switchedHost("nixos");
    const { host, ask, bring } = machine;
    const loader = loaders["systemd-boot"];
    const running = parseStorePath(await bring(loader));
    const next = parseStorePath(await bring(`${loader} system.switch.inhibitors = { dbus = "broker"; };`));
    await ask(
      `nix-env -p /nix/var/nix/profiles/system --set ${running} && ${running}/bin/switch-to-configuration boot`,
    );
    await host.reboot(patience());
    const deploy = (healthGates: readonly unknown[]) => {
      const policy = { trialBoot: true, rebootPolicy: "if-needed", reconnectDeadlineSeconds: 20, healthGates };
      return deployTo(host, next, policy);
    };
    const profile = (): Promise<string> => ask("readlink -f /nix/var/nix/profiles/system");
    const ill = await deploy([{ kind: "command", argv: ["test", "-e", "/run/well"], deadlineSeconds: 1 }]);
    assert.deepEqual(
      [ill.kind, await ask("readlink -f /run/booted-system"), await profile()],
      ["rolled-back", running, running],
      ill.reason,
    );
    assert.match(ill.reason ?? "", /^not healthy: .*; rebooted into the previous system$/);

    const well = await deploy([]);
    assert.deepEqual(
      [well.kind, await ask("readlink -f /run/booted-system"), await profile()],
      ["switched", next, next],
      well.reason,
    );
    const noTrial = async (): Promise<void> => assert.equal(await ask("ls /nix/var/nix/profiles/system-profiles"), "");
    await noTrial();

    await using shell = simShell(host);
    const left = await stageTrial(shell, { toplevel: running }, report, patience());
    assert.equal(left.kind, "staged", "somebody began a trial, and was stopped");
    assert.equal((await deploy([])).kind, "unchanged");
    await noTrial();
    await host.reboot(patience());
    assert.equal(await ask("readlink -f /run/booted-system"), next, "the next reboot is none of that trial");
  });
});
