import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type SwitchedHost, switchedHost } from "../../sim/system/switched-host.ts";
import { deployTo } from "../support/deploy-to.ts";
import { patience } from "../support/signals.ts";

const named = (name: string, more = ""): string =>
  `specialisation.${name}.configuration = { environment.etc."place".text = "${name}"; ${more} };`;
const failing = `systemd.services.dock = { wantedBy = [ "multi-user.target" ]; serviceConfig = { Type = "oneshot"; ExecStart = "/bin/false"; }; };`;

describe("deploying a specialisation", function () {
  this.timeout(250_000);
  let machine: SwitchedHost;
  let first: string;
  let second: string;
  before(async () => {
    machine = await switchedHost("nixos");
    const loader = "boot.loader.systemd-boot.enable = lib.mkForce true;";
    first = await machine.toplevel(`${loader} ${named("docked")} ${named("alone")}`);
    second = await machine.toplevel(`${loader} ${named("docked", failing)} environment.etc."second".text = "";`);
  });
  after(() => machine[Symbol.asyncDispose]());

  const docked = { specialisation: "docked" };
  const pathOf = (toplevel: string, name: string) => machine.ask(`readlink -f ${toplevel}/specialisation/${name}`);
  /** What runs, what the profile names, and what the next boot starts. */
  const witness = async (): Promise<readonly string[]> => {
    const lines = await machine.ask(
      `readlink -f /run/current-system /nix/var/nix/profiles/system
       sed -n 's|^options init=\\(.*\\)/init.*|\\1|p' "/boot/loader/entries/$(sed -n 's/^default //p' /boot/loader/loader.conf)"`,
    );
    return lines.split("\n");
  };

  it("refuses one that the system has not, and names those that it has", async () => {
    const before = await machine.ask("readlink -f /run/current-system");
    const { kind, reason } = await deployTo(machine.host, first, { specialisation: "travel" });
    assert.deepEqual([kind, reason], ["refused", `${first} has no specialisation travel; it has alone, docked`]);
    assert.equal(await machine.ask("readlink -f /run/current-system"), before);
  });

  it("runs it, with profile and boot entry of its system, and does nothing a second time", async () => {
    const { kind, reason, facts } = await deployTo(machine.host, first, docked);
    assert.deepEqual([kind, facts.committed, facts.bootable], ["switched", true, "verified"], reason);
    assert.deepEqual(facts.specialisations, [{ of: first, name: "docked" }]);
    assert.deepEqual(await witness(), [await pathOf(first, "docked"), first, first]);
    assert.equal(await machine.ask("cat /etc/place"), "docked");
    assert.equal(
      await machine.ask("ls /boot/loader/entries | grep -c specialisation-docked"),
      "1",
      "for the boot menu",
    );
    assert.equal((await deployTo(machine.host, first, docked)).kind, "unchanged");
  });

  it("goes back to the very one that ran when the next system's fails", async () => {
    const { kind, reason, facts } = await deployTo(machine.host, second, docked);
    assert.deepEqual([kind, reason], ["rolled-back", "newly failed: dock.service"]);
    assert.equal(facts.previous, await pathOf(first, "docked"));
    assert.deepEqual(await witness(), [await pathOf(first, "docked"), first, first]);
    assert.equal(await machine.ask("cat /etc/place"), "docked");
    assert.equal((await deployTo(machine.host, first, docked)).kind, "unchanged");
  });

  it("returns to it from one that an operator switched to, and after a reboot, which starts the system itself", async () => {
    await machine.ask(`${first}/specialisation/alone/bin/switch-to-configuration test`);
    const { kind, facts } = await deployTo(machine.host, first, docked);
    assert.deepEqual([kind, facts.previous], ["switched", await pathOf(first, "alone")]);
    await machine.host.reboot(patience());
    assert.deepEqual(await witness(), [first, first, first]);
    assert.equal((await deployTo(machine.host, first, docked)).kind, "switched");
    assert.deepEqual(await witness(), [await pathOf(first, "docked"), first, first]);
  });

  it("mode dry and mode test: nothing, and nothing for the next boot", async () => {
    const before = await witness();
    const dry = await deployTo(machine.host, second, { ...docked, mode: "dry" });
    assert.match(
      dry.reason ?? "",
      /would start the following units: .*dock\.service/,
      "by the specialisation's own word",
    );
    assert.deepEqual(await witness(), before);
    const alone = { specialisation: "alone", mode: "test" };
    const { kind, facts } = await deployTo(machine.host, first, alone);
    assert.deepEqual([kind, facts.current], ["switched", await pathOf(first, "alone")]);
    assert.equal((await deployTo(machine.host, first, alone)).kind, "unchanged");
  });

  it("leaves it when none is declared any more, also one that an operator switched to", async () => {
    assert.equal((await deployTo(machine.host, first)).kind, "switched");
    assert.deepEqual(await witness(), [first, first, first]);
    await machine.ask(`${first}/specialisation/docked/bin/switch-to-configuration test`);
    assert.equal((await deployTo(machine.host, first)).kind, "switched");
    assert.deepEqual(await witness(), [first, first, first]);
    assert.equal(await machine.ask("ls /etc/place 2>/dev/null || echo none"), "none");
    assert.equal((await deployTo(machine.host, first)).kind, "unchanged");
  });

  it("runs it after its system was booted for once, where only a reboot leads there", async () => {
    const loader = "boot.loader.systemd-boot.enable = lib.mkForce true;";
    const inhibited = `${loader} ${named("docked")} system.switch.inhibitors = { dbus = "broker"; };`;
    const third = await machine.toplevel(inhibited);
    const policy = { ...docked, trialBoot: true, rebootPolicy: "if-needed" };
    const { kind, reason } = await deployTo(machine.host, third, policy);
    assert.equal(kind, "switched", reason);
    assert.deepEqual(await witness(), [await pathOf(third, "docked"), third, third]);
    assert.equal(await machine.ask("ls /nix/var/nix/profiles/system-profiles"), "");
  });

  it("runs it after a reboot that the policy asks for", async () => {
    const { kind, reason, facts } = await deployTo(machine.host, first, { ...docked, rebootPolicy: "always" });
    assert.deepEqual([kind, facts.committed], ["switched", true], reason);
    assert.deepEqual(await witness(), [await pathOf(first, "docked"), first, first]);
  });
});
