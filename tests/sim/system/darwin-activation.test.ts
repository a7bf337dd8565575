import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type SwitchedHost, switchedHost } from "./switched-host.ts";

describe("activate of a simulated darwin system", function () {
  this.timeout(120_000);
  let topaz: SwitchedHost;
  let plain: string;

  before(async () => {
    topaz = await switchedHost("darwin");
    plain = await topaz.bring();
  });
  after(() => topaz[Symbol.asyncDispose]());

  const current = (): Promise<string> => topaz.ask("readlink /run/current-system");

  it("sets up /etc, users, homes and daemons, then current", async () => {
    const { stderr, exitCode } = await topaz.run(`${plain}/activate`);
    assert.equal(exitCode, 0, stderr);
    assert.equal(await current(), plain);
    assert.equal(await topaz.ask("cat /Users/ada/.config/machine"), "topaz");
    assert.match(await topaz.ask("cat /etc/ssh/ssh_known_hosts"), /^forge\.example ssh-ed25519 /);
    assert.equal(await topaz.ask("systemctl is-active launchd-org.nixos.beacon"), "active");
    assert.equal(await topaz.ask("ls /Library/LaunchDaemons"), "org.nixos.beacon.plist");
    assert.equal(await topaz.ask("ls -d /etc/NIXOS /run/current-system/nixos-version 2> /dev/null || true"), "");
  });

  it("gets nothing of the caller's environment", async () => {
    const probe = await topaz.bring('system.activationScripts.probe.text = "env > /tmp/probe";');
    await topaz.run(`SECRET=1 ${probe}/activate`);
    assert.doesNotMatch(await topaz.ask("cat /tmp/probe"), /SECRET/);
  });

  it("changes nothing while a file in /etc is not ours", async () => {
    const before = await current();
    const inTheWay = await topaz.bring('environment.etc."machine-id".text = "mine"; environment.etc."new".text = "x";');
    const { stderr, exitCode } = await topaz.run(`${inTheWay}/activate`);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: Unexpected files in \/etc, aborting activation\n[\s\S]*\n {2}\/etc\/machine-id\n/);
    assert.equal(await current(), before);
    assert.equal(await topaz.ask("ls /etc/new 2> /dev/null || true"), "");
  });

  it("stops half way at a step that fails, with the old system as current", async () => {
    const before = await current();
    const half = await topaz.bring(
      'environment.etc."new".text = "x"; system.activationScripts.broken = { deps = [ "etc" ]; text = "false"; };',
    );
    assert.equal((await topaz.run(`${half}/activate`)).exitCode, 1);
    assert.equal(await current(), before);
    assert.equal(await topaz.ask("cat /etc/new"), "x");
  });

  it("takes daemons away that the new system does not have", async () => {
    const without = await topaz.bring("launchd.daemons = lib.mkForce { };");
    assert.equal((await topaz.run(`${without}/activate`)).exitCode, 0);
    assert.equal(await topaz.ask("ls /Library/LaunchDaemons"), "");
    assert.equal(await topaz.ask("systemctl is-active launchd-org.nixos.beacon || true"), "inactive");
  });

  it("puts agents of all users where their sessions look for them, and takes them away again", async () => {
    const agents = "ls /Library/LaunchAgents; ls /run/current-system/user/Library/LaunchAgents";
    const menu =
      'launchd.agents.menu.command = "/bin/sleep 7004"; launchd.user.agents.mine.command = "/bin/sleep 7005";';
    assert.equal((await topaz.run(`${await topaz.bring(menu)}/activate`)).exitCode, 0);
    assert.equal(await topaz.ask(agents), "org.nixos.menu.plist\norg.nixos.mine.plist\norg.nixos.mine.words");
    assert.equal((await topaz.run(`${plain}/activate`)).exitCode, 0);
    assert.equal(await topaz.ask(agents), "");
  });

  it("boots the system of the profile", async () => {
    await topaz.ask(`nix-env --profile /nix/var/nix/profiles/system --set ${plain}`);
    await topaz.host.reboot(AbortSignal.timeout(60_000));
    assert.equal(await current(), plain);
    assert.equal(await topaz.ask("systemctl is-active launchd-org.nixos.beacon"), "active");
  });
});
