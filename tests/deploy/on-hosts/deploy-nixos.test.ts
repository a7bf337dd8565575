import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { lookAt } from "../../../deploy/observation/look.ts";
import { observeHost } from "../../../deploy/observation/observe-host.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

describe("deploying to a NixOS host", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("nixos");
  });
  after(() => host[Symbol.asyncDispose]());

  it("switches, for the next boot, too, and leaves nothing behind but its mark", async () => {
    const first = (await host.witness()).current;
    const one = await host.system({ name: "one", units: { alpha: "/bin/true" } });
    const { previous, ...outcome } = await host.deploy(one).then(({ kind, facts }) => ({ kind, ...facts }));
    assert.deepEqual(
      [
        outcome.kind,
        outcome.current,
        outcome.profile,
        outcome.generation,
        outcome.committed,
        outcome.bootable,
        outcome.pushedPaths,
      ],
      ["switched", one, one, 2, true, "verified", 1],
    );
    assert.equal(previous, first);
    assert.deepEqual(await host.witness(), {
      current: one,
      profile: one,
      generation: "system-2-link",
      boots: one,
      state: "history jobs owner.json supervisor",
      roots: "",
    });
    assert.equal(
      await host.ask("cat /nix/var/pulumi-clan/owner.json"),
      `{"project":"fleet","stack":"test","machine":"${host.sim.name}"}`,
    );
    assert.equal(await host.ask("stat -c %a /nix/var/pulumi-clan"), "700");
    assert.equal(await host.ask("systemctl is-active alpha.service"), "active");
    assert.deepEqual(await host.calls(one), ["test", "boot"]);
  });

  it("does nothing a second time", async () => {
    const one = await host.system({ name: "one", units: { alpha: "/bin/true" } });
    const { kind, facts } = await host.deploy(one);
    assert.deepEqual([kind, facts.pushedPaths, facts.generation], ["unchanged", 0, 2]);
    assert.deepEqual(await host.calls(one), ["test", "boot"]);
  });

  it("goes back from a system with a failing unit by itself, names the unit, and tries again the next time", async () => {
    const good = await host.witness();
    const broken = await host.system({ name: "broken", units: { beta: "/bin/sh -c 'echo no database; exit 3'" } });
    for (const _attempt of [1, 2]) {
      const outcome = await host.deploy(broken);
      assert.deepEqual([outcome.kind, outcome.reason], ["rolled-back", "newly failed: beta.service"]);
      const { committed, current, failedBefore, failedAfter, exitCode, newlyFailed } = outcome.facts;
      assert.deepEqual([committed, current, failedBefore, failedAfter, exitCode], [false, good.current, [], [], 4]);
      assert.deepEqual(
        newlyFailed.map(({ unit }) => unit),
        ["beta.service"],
      );
      assert.ok(newlyFailed[0]?.journal.includes("no database"));
      assert.deepEqual(await host.witness(), good);
      assert.equal(await host.ask("systemctl is-active alpha.service"), "active");
    }
    assert.deepEqual(await host.calls(broken), ["test", "test"]);
  });

  it("goes from there to a system that works", async () => {
    const mended = await host.system({ name: "mended", units: { beta: "/bin/true" } });
    const { kind, facts } = await host.deploy(mended);
    assert.deepEqual([kind, facts.generation, facts.failedAfter], ["switched", 3, []]);
    assert.match(facts.previous ?? "", /-nixos-system-one$/, "the last committed one, not the broken one");
    assert.equal((await host.witness()).boots, mended);
  });

  it("commits although a home failed, and says so", async () => {
    const home = await host.system({ name: "home", units: { "home-manager-cameron": "/bin/false" } });
    const { kind, facts } = await host.deploy(home);
    assert.deepEqual([kind, facts.committed], ["switched-with-failed-units", true]);
    assert.deepEqual(
      facts.newlyFailed.map(({ unit }) => unit),
      ["home-manager-cameron.service"],
    );
    assert.equal((await host.witness()).boots, home);
  });

  it("sets the profile back when the boot entry cannot be written", async () => {
    const good = await host.witness();
    const noBoot = await host.system({ name: "no-boot", beforeBoot: 'echo "No space left on device" >&2; exit 1' });
    const outcome = await host.deploy(noBoot);
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["commit-failed", "switch-to-configuration boot ended with 1: No space left on device"],
    );
    const now = await host.witness();
    assert.deepEqual(
      [now.current, now.profile, now.generation, now.boots],
      [noBoot, good.profile, good.generation, good.boots],
    );
    assert.deepEqual(await host.calls(noBoot), ["test", "boot"]);
    assert.equal((await host.deploy(noBoot)).kind, "commit-failed");
    assert.deepEqual(await host.calls(noBoot), ["test", "boot", "boot"], "only the commit is tried again");
  });

  it("does not believe a loader that says 0 and boots something else", async () => {
    const good = await host.witness();
    const silent = await host.system({ name: "silent-boot", beforeBoot: "exit 0" });
    const outcome = await host.deploy(silent);
    assert.equal(outcome.kind, "commit-failed");
    assert.match(
      outcome.reason ?? "",
      /^the default boot entry \(nixos-generation-\d+\.conf\) does not start \/nix\/store\//,
    );
    assert.equal((await host.witness()).profile, good.profile);
  });

  it("skips the boot parts of a container and says so", async () => {
    const container = await host.system({ name: "container", container: true });
    const { kind, facts } = await host.deploy(container);
    assert.deepEqual([kind, facts.bootable], ["switched", "n/a"]);
    assert.deepEqual(await host.calls(container), ["test"]);
    assert.equal((await host.deploy(container)).kind, "unchanged");
  });

  it("rolls nothing back when somebody else deployed meanwhile", async () => {
    const theirs = await host.ask("readlink -f /run/booted-system");
    const set = `ln -sfn ${theirs} /nix/var/nix/profiles/system-99-link; ln -sfn system-99-link /nix/var/nix/profiles/system`;
    const ours = await host.system({ name: "overtaken", afterActivation: set });
    const outcome = await host.deploy(ours);
    assert.deepEqual([outcome.kind, outcome.reason], ["superseded", `the profile names ${theirs}`]);
    const now = await host.witness();
    assert.deepEqual(
      [now.profile, now.generation, now.state],
      [theirs, "system-99-link", "history jobs owner.json supervisor"],
    );
  });

  it("refuses a path that is no system, before anything of it runs", async () => {
    const odd = await host.system({ name: "odd", omit: ["nixos-version"] });
    const wrongPlatform = await host.system({ name: "other-platform", files: { system: "riscv64-linux" } });
    assert.equal((await host.deploy(odd)).reason, `${odd} is no system, declared is nixos`);
    const outcome = await host.deploy(wrongPlatform);
    assert.equal(outcome.kind, "refused");
    assert.match(outcome.reason ?? "", /is built for riscv64-linux, the host is \S+-linux$/);
    assert.deepEqual([...(await host.calls(odd)), ...(await host.calls(wrongPlatform))], []);
  });

  it("refuses a host of another stack unless it shall take it over", async () => {
    const next = await host.system({ name: "next" });
    const refused = await host.deploy(next, { stack: "other" });
    assert.equal(refused.kind, "refused");
    assert.match(refused.reason ?? "", /^the host belongs to fleet\/test \(.+\); set takeOver to take it$/);
    assert.deepEqual(await host.calls(next), []);
    assert.equal((await host.deploy(next, { stack: "other", policy: { takeOver: true } })).kind, "switched");
    assert.equal((await host.deploy(next, { stack: "test", policy: { takeOver: true } })).kind, "unchanged");
  });

  it("refuses what does not fit into the store, before a byte is sent", async () => {
    await host.sim.fillDisk(40 * 2 ** 20);
    try {
      const large = await host.system({ name: "large", files: { blob: "x".repeat(2 ** 20) } });
      const outcome = await host.deploy(large);
      assert.equal(outcome.kind, "refused");
      assert.match(
        outcome.reason ?? "",
        /^no space in \/nix: 65\.0 MiB free in \/nix \(1 paths, 64 MiB in reserve\), found \d+\.\d MiB$/,
      );
      assert.equal(await host.ask(`test -e ${large} && echo there || echo absent`), "absent");
    } finally {
      await host.sim.releaseDisk();
    }
  });

  it("tells whoever looks what it runs", async () => {
    const look = await lookAt(
      host.spec,
      { deadlineSeconds: 60 },
      (ssh, scope) => observeHost(ssh, { class: "nixos" }, scope),
      patience(),
    );
    assert.ok(look.kind === "seen");
    assert.equal(look.seen.facts.class, "nixos");
    assert.ok(look.seen.facts.activeUnits.includes("ssh.service"));
  });
});
