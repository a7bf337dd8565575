import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type SwitchedHost, switchedHost } from "./switched-host.ts";

// Each test brings its own toplevel and starts from whatever the one before left: as on a real host.
describe("switch-to-configuration of the simulation", function () {
  this.timeout(120_000);
  let quartz: SwitchedHost;
  let plain: string;

  before(async () => {
    quartz = await switchedHost("nixos");
    plain = await quartz.bring();
  });
  after(() => quartz[Symbol.asyncDispose]());

  const current = (): Promise<string> => quartz.ask("readlink /run/current-system");
  const isActive = (unit: string): Promise<string> => quartz.ask(`systemctl is-active ${unit} || true`);

  it("makes the running system of a toplevel: units, /etc, users and homes", async () => {
    const { stderr, exitCode } = await quartz.stc(plain, "test");
    assert.equal(exitCode, 0, stderr);
    assert.equal(await current(), plain);
    assert.equal(await isActive("beacon"), "active");
    assert.equal(await quartz.ask("cat /etc/base/motto; readlink /etc/base/motto"), "clear\n/etc/static/base/motto");
    assert.equal(
      await quartz.ask("cat /etc/base/secret; stat -c '%a %F' /etc/base/secret"),
      "copied\n600 regular file",
    );
    assert.equal(await quartz.ask("getent passwd ada | cut -d : -f 6"), "/home/ada");
    assert.equal(await quartz.ask("cat /home/ada/.config/machine; stat -c ' %U' /home/ada/.config"), "quartz ada");
    assert.equal(await quartz.ask("systemctl list-units --failed --no-legend"), "");
    assert.equal(await quartz.ask("ls /run/nixos"), "switch-to-configuration.lock");
  });

  it("changes nothing of the default boot by `test`: a reboot brings the system of before", async () => {
    await quartz.host.reboot(AbortSignal.timeout(60_000));
    assert.notEqual(await current(), plain);
    assert.equal(await isActive("beacon"), "inactive");
    assert.equal((await quartz.stc(plain, "test")).exitCode, 0);
  });

  it("stops before the activation, sets current at its end, and starts after it", async () => {
    const next = await quartz.bring(`
      system.activationScripts.probe = { deps = [ "etc" ]; text = "{ systemctl is-active beacon || true; readlink /run/current-system; } > /run/probe"; };
      systemd.services.beacon.preStart = "readlink /run/current-system > /run/beacon-saw";
    `);
    const { stderr, exitCode } = await quartz.stc(next, "test");
    assert.equal(exitCode, 0);
    assert.deepEqual(stderr.split("\n").slice(0, 2), [
      "stopping the following units: beacon.service",
      "activating the configuration...",
    ]);
    assert.equal(await quartz.ask("cat /run/probe"), `inactive\n${plain}`);
    assert.equal(await quartz.ask("cat /run/beacon-saw"), next);
  });

  it("stops a unit that the new system does not have, and records it nowhere", async () => {
    const { stderr } = await quartz.stc(await quartz.bring("systemd.services.beacon.enable = false;"), "test");
    assert.match(stderr, /^stopping the following units: beacon\.service$/m);
    assert.equal(await isActive("beacon"), "inactive");
    assert.equal(await quartz.ask("ls /run/nixos"), "switch-to-configuration.lock");
  });

  it("restarts, reloads or leaves a changed unit alone, as it says", async () => {
    const units = (text: string): string =>
      ["stay.restartIfChanged = false", "load.reloadIfChanged = true", "late.stopIfChanged = false"]
        .map((rule) => {
          const name = rule.split(".")[0];
          return `systemd.services.${rule}; systemd.services.${name} = { wantedBy = [ "multi-user.target" ]; environment.TEXT = "${text}"; script = "sleep infinity"; reload = "true"; };`;
        })
        .join("\n");
    await quartz.stc(await quartz.bring(units("one")), "test");
    const { stderr, exitCode } = await quartz.stc(await quartz.bring(units("two")), "test");
    assert.equal(exitCode, 0);
    assert.match(stderr, /^NOT restarting the following changed units: stay\.service$/m);
    assert.match(stderr, /^reloading the following units: load\.service$/m);
    assert.match(stderr, /^restarting the following units: late\.service$/m);
  });

  it("says in dry-activate what it would do, and does nothing", async () => {
    const before = await current();
    const { stderr, exitCode } = await quartz.stc(plain, "dry-activate");
    assert.equal(exitCode, 0);
    assert.match(stderr, /^would stop the following units: late\.service, load\.service, stay\.service$/m);
    assert.match(stderr, /^would activate the configuration\.\.\.$/m);
    assert.equal(await current(), before);
    assert.equal(await isActive("late"), "active");
  });

  it("ends with 4 when a unit does not start, and the system is switched all the same", async () => {
    const broken = await quartz.bring(
      'systemd.services.broken = { wantedBy = [ "multi-user.target" ]; script = "echo no way; exit 3"; };',
    );
    const { stderr, exitCode } = await quartz.stc(broken, "test");
    assert.equal(exitCode, 4);
    assert.match(stderr, /^warning: the following units failed: broken\.service$/m);
    assert.equal(await isActive("broken"), "failed");
    assert.equal(await current(), broken);
  });

  it("forgets with reset-failed what had failed before", async () => {
    await quartz.run("systemd-run --unit=elsewhere false");
    await quartz.run("until systemctl is-failed --quiet elsewhere; do :; done");
    assert.equal((await quartz.stc(plain, "test")).exitCode, 0);
    assert.equal(await isActive("elsewhere"), "inactive");
  });

  it("starts with the same toplevel what an active target wants and was stopped", async () => {
    await quartz.ask("systemctl stop beacon");
    const { stderr } = await quartz.stc(plain, "test");
    assert.match(stderr, /^starting the following units: beacon\.service$/m);
  });

  it("leaves transient units alone", async () => {
    await quartz.ask("systemd-run --unit=supervisor sleep infinity");
    await quartz.stc(await quartz.bring('systemd.services.beacon.environment.A = "1";'), "test");
    assert.equal(await isActive("supervisor"), "active");
  });

  it("goes on after it was killed where its lists say: current is the new system by then", async () => {
    const slow = await quartz.bring(
      'systemd.services.slow = { wantedBy = [ "multi-user.target" ]; serviceConfig.Type = "oneshot"; serviceConfig.RemainAfterExit = true; script = "test -e /run/go || sleep infinity"; };',
    );
    await quartz.ask(`systemd-run --unit=stc ${slow}/bin/switch-to-configuration test`);
    await quartz.ask('until [ "$(systemctl is-active slow)" = activating ]; do sleep 0.05; done; systemctl stop stc');
    assert.equal(await current(), slow);
    assert.equal(await quartz.ask("cat /run/nixos/start-list"), "beacon.service\nslow.service");
    await quartz.ask("touch /run/go; systemctl stop slow");
    assert.equal((await quartz.stc(slow, "test")).exitCode, 0);
    assert.equal(await isActive("slow"), "active");
    assert.equal(await quartz.ask("ls /run/nixos"), "switch-to-configuration.lock");
  });

  it("refuses while another one holds the lock, whatever it is asked to do", async () => {
    for (const action of ["check", "dry-activate", "test", "boot"]) {
      const { stderr, exitCode } = await quartz.run(
        `flock /run/nixos/switch-to-configuration.lock ${plain}/bin/switch-to-configuration ${action}`,
      );
      assert.deepEqual([exitCode, stderr], [11, "Could not acquire lock\n"]);
    }
  });

  it("logs every activation with those that it meets, also one that is refused for it", async () => {
    const waits = "touch /run/waits; until [ -e /run/go ]; do sleep 0.05; done";
    const slow = await quartz.bring(`system.activationScripts.waits = "${waits}";`);
    await quartz.ask(": >/var/log/activations");
    await quartz.ask(`systemd-run --quiet --unit=logged ${slow}/bin/switch-to-configuration test`);
    await quartz.ask("until [ -e /run/waits ]; do sleep 0.05; done");
    assert.equal((await quartz.stc(plain, "test")).exitCode, 11);
    await quartz.ask(
      "touch /run/go; until ! systemctl is-active --quiet logged; do sleep 0.05; done; systemctl reset-failed",
    );
    assert.equal((await quartz.stc(plain, "test")).exitCode, 0);
    const log = (await quartz.ask("cat /var/log/activations")).split("\n").map((line) => line.split(" "));
    assert.deepEqual(
      log.map(([_at, _pid, action, toplevel, _beside, other]) => [action, toplevel, other]),
      [
        ["test", slow, "nobody"],
        ["test", plain, log[0]?.[1]],
        ["test", plain, "nobody"],
      ],
    );
  });

  it("runs the pre-switch checks for every action, unless told not to", async () => {
    const before = await current();
    const picky = await quartz.bring('system.preSwitchChecks.never = "echo \\"not today\\" >&2; exit 1";');
    for (const action of ["check", "test", "boot", "dry-activate"]) {
      const { stderr, exitCode } = await quartz.stc(picky, action);
      assert.equal(exitCode, 1);
      assert.equal(stderr, "not today\nPre-switch check 'never' failed\nPre-switch checks failed\n");
    }
    assert.equal(await current(), before);
    assert.equal((await quartz.stc(picky, "test", "NIXOS_NO_CHECK=1")).exitCode, 0);
    assert.equal(await current(), picky);
  });

  it("skips the inhibitors only for boot", async () => {
    const other = await quartz.bring('system.switch.inhibitors.dbus = "another implementation";');
    assert.equal((await quartz.stc(other, "test")).exitCode, 1);
    assert.equal((await quartz.stc(other, "boot")).exitCode, 0);
  });

  it("ends with 2 when the activation failed, and touches no file that is not ours", async () => {
    const inTheWay = await quartz.bring('environment.etc."machine-id".text = "mine";');
    const before = await quartz.ask("cat /etc/machine-id");
    const { stderr, exitCode } = await quartz.stc(inTheWay, "test");
    assert.equal(exitCode, 2);
    assert.match(stderr, /in the way.*\n {2}\/etc\/machine-id\n.*snippet 'etc' failed \(1\)/);
    assert.equal(await quartz.ask("cat /etc/machine-id"), before);
    assert.equal(await current(), inTheWay);
  });

  it("overwrites the 2 of the activation with the 4 of a unit", async () => {
    const both = await quartz.bring(`
      environment.etc."machine-id".text = "mine";
      systemd.services.broken = { wantedBy = [ "multi-user.target" ]; script = "exit 3"; };
    `);
    assert.equal((await quartz.stc(both, "test")).exitCode, 4);
  });

  it("fails a home's unit when a file is in its way", async () => {
    await quartz.stc(plain, "test");
    await quartz.ask("echo own > /home/ada/.config/new; chown ada /home/ada/.config/new");
    const home = await quartz.bring('home-manager.users.ada.home.file.".config/new".text = "managed";');
    const { exitCode } = await quartz.stc(home, "test");
    assert.equal(exitCode, 4);
    assert.equal(await isActive("home-manager-ada"), "failed");
    assert.match(
      await quartz.ask("journalctl --unit home-manager-ada --output cat"),
      /Existing file '\/home\/ada\/\.config\/new' would be clobbered/,
    );
    assert.equal(await quartz.ask("cat /home/ada/.config/new"), "own");
  });

  it("takes users and files away that the new system does not have, and leaves homes", async () => {
    await quartz.stc(
      await quartz.bring('users.users.eve.isNormalUser = true; environment.etc."base/more".text = "x";'),
      "test",
    );
    assert.equal(await quartz.ask("id -un eve; cat /etc/base/more"), "eve\nx");
    await quartz.stc(plain, "test");
    assert.equal(
      await quartz.ask("id -un eve 2> /dev/null; ls -d /home/eve; ls /etc/base/more 2> /dev/null || true"),
      "/home/eve",
    );
  });

  it("gives a user who comes back the number of before, so that the home is theirs", async () => {
    const eve = await quartz.bring("users.users.eve.isNormalUser = true; users.users.bob.isNormalUser = true;");
    await quartz.stc(await quartz.bring("users.users.zoe.isNormalUser = true;"), "test");
    await quartz.stc(eve, "test");
    assert.equal(await quartz.ask('stat -c %U /home/eve; test "$(id -u eve)" != "$(id -u bob)"'), "eve");
  });

  describe("boot", () => {
    const loader = (): Promise<string> => quartz.ask("cat /boot/loader/loader.conf; ls /boot/loader/entries");

    it("writes no default for a toplevel that is in no profile, and ends with 0", async () => {
      const before = await loader();
      assert.equal((await quartz.stc(plain, "boot")).exitCode, 0);
      assert.equal(await loader(), before);
    });

    it("makes an entry for each generation of each profile, with the toplevel's as default", async () => {
      await quartz.ask(`nix-env --profile /nix/var/nix/profiles/system --set ${plain}`);
      assert.equal((await quartz.stc(plain, "boot")).exitCode, 0);
      assert.match(await loader(), /^default nixos-generation-2\.conf$/m);
      const entry = await quartz.ask("cat /boot/loader/entries/nixos-generation-2.conf");
      assert.match(entry, new RegExp(`^options init=${plain}/init loglevel=4$`, "m"));
      const [, linux = ""] = /^linux (\S+)$/m.exec(entry) ?? [];
      assert.equal(await quartz.ask(`cmp ${plain}/kernel /boot${linux} && echo same`), "same");

      const trial = "/nix/var/nix/profiles/system-profiles/trial";
      const next = await quartz.bring('environment.etc."base/trial".text = "x";');
      await quartz.ask(`mkdir -p ${trial.replace("/trial", "")}; nix-env --profile ${trial} --set ${next}`);
      assert.equal((await quartz.stc(plain, "boot")).exitCode, 0);
      assert.match(await loader(), /^default nixos-generation-2\.conf$/m);
      assert.match(await loader(), /^nixos-trial-generation-1\.conf$/m);
    });

    it("boots the default entry's system", async () => {
      await quartz.host.reboot(AbortSignal.timeout(60_000));
      assert.equal(await quartz.ask("readlink /run/current-system /run/booted-system"), `${plain}\n${plain}`);
      assert.equal(await isActive("beacon"), "active");
    });

    it("fails when /boot is full, after old entries went", async () => {
      const other = await quartz.bring("boot.kernelPackages = pkgs.linuxPackages_latest;");
      await quartz.ask(
        `nix-env --profile /nix/var/nix/profiles/system --set ${other}; rm /nix/var/nix/profiles/system-1-link; fallocate -l 5M /boot/ballast || head -c 5M /dev/zero > /boot/ballast`,
      );
      const { stderr, exitCode } = await quartz.stc(other, "boot");
      assert.equal(exitCode, 1);
      assert.match(stderr, /No space left on device[\s\S]*Failed to install bootloader\n$/);
      assert.match(await loader(), /^default nixos-generation-2\.conf$/m);
      assert.doesNotMatch(await loader(), /generation-1\.conf\nnixos-generation/);
      await quartz.ask("rm /boot/ballast");
      assert.equal((await quartz.stc(other, "boot")).exitCode, 0);
      assert.match(await loader(), /^default nixos-generation-3\.conf$/m);
    });

    it("writes GRUB's menu where GRUB is wanted and the host has no other loader, and does not change loaders", async () => {
      await quartz.ask("rm -r /boot/loader /boot/EFI");
      const grub = await quartz.bring(
        "boot.loader.systemd-boot.enable = lib.mkForce false; boot.loader.grub.enable = true;",
      );
      assert.equal((await quartz.stc(grub, "boot")).exitCode, 0);
      const menu = await quartz.ask("cat /boot/grub/grub.cfg");
      const [, linux = "", init = ""] = / linux (\S+) init=(\S+)/.exec(menu) ?? [];
      assert.equal(init, `${grub}/init`);
      assert.equal(await quartz.ask(`cmp ${grub}/kernel /boot${linux} && echo same`), "same");
      assert.match(menu, /^menuentry "NixOS - Profile 'trial' - Configuration 1"/m);
      const { stderr, exitCode } = await quartz.stc(plain, "boot");
      assert.deepEqual(
        [exitCode, stderr],
        [1, "Could not find any previously installed systemd-boot\nFailed to install bootloader\n"],
      );
    });
  });
});
