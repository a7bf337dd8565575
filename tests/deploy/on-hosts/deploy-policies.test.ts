import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { SecretSource } from "../../../deploy/secrets/secret-source.ts";
import { DeployedHost } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

const target = "/var/lib/fixture/secret";
/** Content of the secret `text`, a line. */
const secretOf = (text: string): SecretSource => ({
  stage: async () => ({
    digest: `digest-of-${text}`,
    identities: [],
    files: [{ path: target, mode: "0400", owner: "root", group: "0", read: async () => Buffer.from(`${text}\n`) }],
  }),
});

describe("what a policy changes about a deployment", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("nixos");
    assert.equal((await host.deploy(await host.system({ name: "first" }))).kind, "switched");
  });
  after(() => host[Symbol.asyncDispose]());

  it("mode dry: nothing at all", async () => {
    const before = await host.witness();
    const dryRun = 'if [ "$1" = dry-activate ]; then echo "would start the following units: x.service" >&2; exit 0; fi';
    const system = await host.system({
      name: "dry",
      files: { "bin/switch-to-configuration": `#!/bin/sh\n${dryRun}\n` },
    });
    const outcome = await host.deploy(system, { policy: { mode: "dry" } });
    assert.deepEqual([outcome.kind, outcome.reason], ["skipped", "dry: would start the following units: x.service"]);
    assert.deepEqual(await host.witness(), before);
  });

  it("mode boot: only the next boot, and a reboot if that is wanted", async () => {
    const before = await host.witness();
    const system = await host.system({ name: "staged" });
    const staged = await host.deploy(system, { policy: { mode: "boot" } });
    assert.deepEqual(
      [staged.kind, staged.reason, staged.facts.current],
      ["staged-for-reboot", "as asked for", before.current],
    );
    const now = await host.witness();
    assert.deepEqual([now.current, now.profile, now.boots], [before.current, system, system]);
    assert.equal((await host.deploy(system, { policy: { mode: "boot" } })).kind, "staged-for-reboot");
    assert.deepEqual(await host.calls(system), ["boot"]);
  });

  it("mode test: only until the next boot", async () => {
    const before = await host.witness();
    const system = await host.system({ name: "tried" });
    const outcome = await host.deploy(system, { policy: { mode: "test" } });
    assert.deepEqual([outcome.kind, outcome.facts.committed], ["switched", false]);
    const now = await host.witness();
    assert.deepEqual([now.current, now.profile, now.boots], [system, before.profile, before.boots]);
    assert.equal((await host.deploy(system)).kind, "switched");
    assert.equal((await host.witness()).boots, system);
  });

  it("a system that only a reboot leads to: staged, refused for a test, or booted by policy", async () => {
    const files = { "init-interface-version": "systemd 2" };
    const one = await host.system({ name: "interface-1", files: { "init-interface-version": "systemd 1" } });
    assert.equal((await host.deploy(one)).kind, "switched");
    const two = await host.system({ name: "interface-2", files });
    const refused = await host.deploy(two, { policy: { mode: "test" } });
    assert.equal(refused.kind, "refused");
    const staged = await host.deploy(two);
    assert.equal(staged.kind, "staged-for-reboot");
    assert.match(
      staged.reason ?? "",
      /^the new system needs a reboot: its init interface is "systemd 2", the running one's "systemd 1"$/,
    );
    assert.deepEqual(await host.calls(two), ["boot"]);
    assert.equal((await host.witness()).current, one);
    const before = await host.sim.bootId(patience());
    const policy = { rebootPolicy: "if-needed", reconnectDeadlineSeconds: 20 };
    const booted = await host.deploy(two, { policy, connection: { keepaliveSeconds: 0.5 } });
    assert.deepEqual([booted.kind, booted.reason, booted.facts.current], ["switched", "rebooted", two]);
    assert.notEqual(await host.sim.bootId(patience()), before);
    assert.equal((await host.deploy(two, { policy })).kind, "unchanged");
  });

  it("onLostContact keep: the new system runs on uncommitted, and the next run commits it without a second test", async () => {
    const before = await host.witness();
    const system = await host.system({ name: "kept" });
    const stop = new AbortController();
    const policy = { ackDeadlineSeconds: 5, onLostContact: "keep" };
    const onEvent = ({ phase }: { phase: string }): void => {
      if (phase === "acknowledge") stop.abort(new Error("killed"));
    };
    await host.deploy(system, { policy, signal: stop.signal, onEvent });
    await host.ask("until ls /nix/var/pulumi-clan/jobs/*-test-1/status >/dev/null 2>&1; do sleep 0.1; done");
    const now = await host.witness();
    assert.deepEqual([now.current, now.profile], [system, before.profile]);
    assert.equal((await host.deploy(system)).kind, "switched");
    assert.deepEqual(await host.calls(system), ["test", "boot"]);
  });

  it("onFailedUnits keep: committed with them; commitWith switch: by that action", async () => {
    const system = await host.system({ name: "failing", units: { gamma: "/bin/false" } });
    const { kind, facts } = await host.deploy(system, { policy: { onFailedUnits: "keep" } });
    assert.deepEqual(
      [kind, facts.committed, facts.failedAfter],
      ["switched-with-failed-units", true, ["gamma.service"]],
    );
    const other = await host.system({ name: "by-switch" });
    const failed = await host.deploy(other, { policy: { commitWith: "switch" } });
    assert.equal(
      failed.reason,
      "switch-to-configuration switch ended with 1: unknown action switch",
      "the fixture knows no such action",
    );
  });

  it("secrets: there before the new system is, back with the old one, and alone when only they change", async () => {
    const show = `cat ${target} >>/run/seen-secrets`;
    const first = await host.system({ name: "secret-1", beforeActivation: show });
    assert.equal((await host.deploy(first, { secrets: secretOf("one") })).kind, "switched");
    const failing = await host.system({ name: "secret-2", beforeActivation: show, units: { delta: "/bin/false" } });
    assert.equal((await host.deploy(failing, { secrets: secretOf("two") })).kind, "rolled-back");
    assert.equal(await host.ask("cat /run/seen-secrets"), "one\ntwo\none", "the way back saw the old secret");
    assert.equal(await host.ask(`cat ${target}`), "one");
    assert.equal((await host.deploy(first, { secrets: secretOf("one") })).kind, "unchanged");
    const alone = await host.deploy(first, { secrets: secretOf("three") });
    assert.deepEqual([alone.kind, alone.reason], ["switched", "secrets alone"]);
    assert.equal(await host.ask(`cat ${target}; ls /nix/var/pulumi-clan/secrets`), "three\ninstalled\nphase.sh");
    assert.deepEqual(await host.calls(first), ["test", "boot", "test"]);
    await host.ask("rm /nix/var/pulumi-clan/owner.json");
    assert.equal(
      (await host.deploy(first, { secrets: secretOf("four") })).kind,
      "switched",
      "also to a host without a mark",
    );
    assert.equal(
      await host.ask(`cat ${target}; ls /nix/var/pulumi-clan/owner.json`),
      "four\n/nix/var/pulumi-clan/owner.json",
    );
  });
});
