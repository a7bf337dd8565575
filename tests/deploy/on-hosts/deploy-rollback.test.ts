import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { StorePath } from "../../../local-nix/store-path.ts";
import { DeployedHost, gate } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

/** Short enough for a test, long enough for a busy machine. */
const short = { ackDeadlineSeconds: 12, reconnectDeadlineSeconds: 20 };
const jobEnded = "until ls /nix/var/pulumi-clan/jobs/*-test-1/status >/dev/null 2>&1; do sleep 0.1; done";
const tested = "until grep -qs '\"tested\"' /nix/var/pulumi-clan/jobs/*-test-1/events; do sleep 0.05; done";
const verdict = "cat /nix/var/pulumi-clan/jobs/*-test-1/status";

describe("a host that goes back by itself", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  let good: StorePath;
  beforeEach(async () => {
    host = await DeployedHost.start("nixos");
    good = await host.system({ name: "good", units: { alpha: "/bin/true" } });
    assert.equal((await host.deploy(good)).kind, "switched");
  });
  afterEach(() => host[Symbol.asyncDispose]());

  const isGood = async (): Promise<void> => {
    const { current, profile, boots, state, roots } = await host.witness();
    assert.deepEqual([current, profile, boots], [good, good, good]);
    assert.deepEqual([state, roots], ["history jobs owner.json supervisor", ""]);
    assert.equal(await host.ask("systemctl is-active alpha.service ssh.service"), "active\nactive");
  };

  it("does so when the operator died during the test, and is deployed to again by the next run", async () => {
    const { lines, open, reached } = gate("died");
    const next = await host.system({ name: "next", beforeActivation: `systemctl stop alpha; ${lines}` });
    const stop = new AbortController();
    const first = host.deploy(next, { signal: stop.signal, policy: short });
    await host.ask(reached);
    stop.abort(new Error("killed"));
    await first;
    await host.ask(`${open}; ${jobEnded}`);
    assert.equal(await host.ask(verdict), "10");
    await isGood();
    assert.equal((await host.deploy(next)).kind, "switched");
    assert.deepEqual(await host.calls(next), ["test", "test", "boot"]);
  });

  it("does so when the operator died between test and acknowledgement, unless he comes back in time", async () => {
    const next = await host.system({ name: "next" });
    const dying = async (policy: Readonly<Record<string, unknown>>): Promise<void> => {
      const stop = new AbortController();
      const onEvent = ({ phase }: { phase: string }): void => {
        if (phase === "acknowledge") stop.abort(new Error("killed"));
      };
      assert.equal((await host.deploy(next, { signal: stop.signal, policy, onEvent })).kind, "interrupted");
    };
    await dying(short);
    await host.ask(jobEnded);
    assert.equal(await host.ask(verdict), "10");
    await isGood();
    await dying({});
    assert.equal((await host.deploy(next)).kind, "switched");
    assert.deepEqual(await host.calls(next), ["test", "test", "boot"], "the second transaction was taken over");
  });

  it("does so when sshd is gone after the test, though the open connection still answers", async () => {
    const next = await host.system({ name: "no-sshd", afterActivation: "systemctl stop ssh.socket ssh.service" });
    const outcome = await host.deploy(next, { policy: short });
    assert.equal(outcome.kind, "rolled-back", outcome.reason);
    // Who notices first is a race on a busy machine: the operator without a connection, or the host without a word.
    assert.match(outcome.reason ?? "", /^(no new connection to the host: |no acknowledgement within 12 s$)/);
    assert.equal(outcome.facts.current, good);
    await isGood();
  });

  it("does so at once when the new system does not let us in any more", async () => {
    const keys = "/root/.ssh/authorized_keys";
    const back = await host.system({
      name: "keys-back",
      beforeActivation: `[ ! -e ${keys}.gone ] || mv ${keys}.gone ${keys}`,
    });
    good = await host.system({ name: "good", units: { alpha: "/bin/true" } });
    assert.equal((await host.deploy(back)).kind, "switched");
    const next = await host.system({ name: "locked-out", afterActivation: `mv ${keys} ${keys}.gone` });
    const outcome = await host.deploy(next);
    assert.equal(outcome.kind, "rolled-back", outcome.reason);
    assert.match(outcome.reason ?? "", /^no new connection to the host: /);
    assert.equal((await host.witness()).current, back);
  });

  it("does so when its supervisor is killed", async () => {
    const { lines, reached } = gate("supervised");
    const next = await host.system({ name: "next", afterActivation: `systemctl stop alpha; ${lines}` });
    const deployment = host.deploy(next, { policy: short });
    await host.ask(reached);
    await host.ask("kill -9 $(cat /nix/var/pulumi-clan/jobs/*-test-1/pid)");
    const outcome = await deployment;
    assert.deepEqual([outcome.kind, outcome.reason], ["rolled-back", "the supervisor was killed"]);
    await isGood();
  });

  it("is the old one after a reboot between test and commit, and as declared after the next run", async () => {
    const next = await host.system({ name: "next" });
    for (const reboot of [() => host.sim.powerLoss(patience()), () => host.sim.stop(patience())]) {
      await host.ask("rm -rf /nix/var/pulumi-clan/jobs");
      const stop = new AbortController();
      const healthGates = [{ kind: "command", argv: ["/bin/false"], deadlineSeconds: 60 }];
      const first = host.deploy(next, { signal: stop.signal, policy: { ...short, healthGates } });
      await host.ask(tested);
      stop.abort(new Error("killed"));
      await first;
      await reboot();
      await host.sim.boot(patience());
      const { current, profile, boots } = await host.witness();
      assert.deepEqual([current, profile, boots], [good, good, good]);
    }
    assert.equal((await host.deploy(next)).kind, "switched");
    assert.equal((await host.witness()).boots, next);
  });

  it("does not when somebody else switched meanwhile", async () => {
    const theirs = await host.ask("readlink -f /run/booted-system");
    const next = await host.system({ name: "next", afterActivation: "systemctl stop alpha" });
    const switchTo = `ln -sfn ${theirs} /run/current-system`;
    const healthGates = [{ kind: "command", argv: ["/bin/sh", "-c", switchTo], deadlineSeconds: 20 }];
    const outcome = await host.deploy(next, { policy: { ...short, healthGates } });
    assert.deepEqual([outcome.kind, outcome.reason], ["superseded", `${theirs} runs`]);
    const switchBack = `ln -sfn ${good} /run/current-system; exit 1`;
    const failing = [{ kind: "command", argv: ["/bin/sh", "-c", switchBack], deadlineSeconds: 2 }];
    const other = await host.system({ name: "other" });
    const again = await host.deploy(other, { policy: { ...short, healthGates: failing } });
    assert.equal(again.kind, "superseded", again.reason);
    const { current, profile } = await host.witness();
    assert.deepEqual([current, profile], [good, good], "nothing of theirs was touched");
  });

  it("does not when what it tested was switched away from by hand, and is deployed once more meanwhile", async () => {
    const theirs = await host.ask("readlink -f /run/booted-system");
    const next = await host.system({ name: "next" });
    const stop = new AbortController();
    const onEvent = ({ phase }: { phase: string }): void => {
      if (phase === "acknowledge") stop.abort(new Error("killed"));
    };
    assert.equal((await host.deploy(next, { signal: stop.signal, onEvent })).kind, "interrupted");
    await host.ask(`ln -sfn ${theirs} /run/current-system`);
    assert.equal((await host.deploy(next)).kind, "switched");
    const supervisors = await host.ask("systemctl list-units --no-legend 'pulumi-clan-*'");
    assert.equal(supervisors, "", "nobody is left to go back at a deadline");
    const { current, profile, boots } = await host.witness();
    assert.deepEqual([current, profile, boots], [next, next, next]);
  });

  it("does so when it is not healthy, with its hooks", async () => {
    const next = await host.system({ name: "ill" });
    const healthGates = [{ kind: "command", argv: ["/bin/false"], deadlineSeconds: 1 }];
    const note = (word: string) => ({ argv: ["/bin/sh", "-c", `echo ${word} $(umask) >>/run/hooks`] });
    const hooks = { beforeTest: [note("before")], afterRollback: [note("after")] };
    const outcome = await host.deploy(next, { policy: { healthGates, hooks } });
    assert.equal(outcome.kind, "rolled-back");
    assert.match(outcome.reason ?? "", /^not healthy: command \/bin\/false: /);
    assert.equal(await host.ask("cat /run/hooks"), "before 0022\nafter 0022");
    await isGood();
    const failing = { hooks: { beforeTest: [{ argv: ["/bin/false"] }] } };
    const refused = await host.deploy(next, { policy: failing });
    assert.deepEqual([refused.kind, refused.reason], ["refused", "the hook before the test failed"]);
    assert.deepEqual(await host.calls(next), ["test"]);
    await isGood();
  });

  it("uses the activation script and the units alone when the previous system's own switch fails", async () => {
    const beforeActivation = "[ ! -e /run/stubborn ] || exit 1";
    const fragile = await host.system({ name: "fragile", beforeActivation, units: { alpha: "/bin/true" } });
    assert.equal((await host.deploy(fragile)).kind, "switched");
    const next = await host.system({
      name: "next",
      afterActivation: "touch /run/stubborn; systemctl stop alpha",
      units: { beta: "/bin/false" },
    });
    const outcome = await host.deploy(next);
    assert.deepEqual([outcome.kind, outcome.facts.current], ["rolled-back", fragile]);
    assert.equal(await host.ask("systemctl is-active alpha.service"), "active");
  });

  it("says so in time when a unit of the previous system hangs while it starts", async () => {
    const service = "[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutStartSec=infinity\nExecStart=/bin/sh -c";
    const hanging = `${service} 'while [ -e /run/hang ]; do sleep 0.1; done'\n`;
    const before = await host.system({ name: "hanging", files: { "units/slow.service": hanging } });
    assert.equal((await host.deploy(before)).kind, "switched");
    const next = await host.system({ name: "ill", beforeActivation: "touch /run/hang; systemctl stop slow" });
    const healthGates = [{ kind: "command", argv: ["/bin/false"], deadlineSeconds: 1 }];
    const outcome = await host.deploy(next, { policy: { healthGates, rollbackDeadlineSeconds: 5 } });
    assert.equal(outcome.kind, "rollback-failed");
    assert.match(outcome.reason ?? "", /; the way back failed: not running as before: slow\.service$/);
    await host.ask("rm /run/hang");
    assert.equal((await host.deploy(good)).kind, "switched");
  });

  it("says so when the way back fails, and ends as declared once there is one that works", async () => {
    const next = await host.system({
      name: "next",
      afterActivation: `mv ${good}/activate ${good}/activate.away`,
      units: { beta: "/bin/false" },
    });
    await host.ask("mount -o remount,rw /nix/store 2>/dev/null; true");
    const outcome = await host.deploy(next);
    assert.equal(outcome.kind, "rollback-failed", outcome.reason);
    assert.match(
      outcome.reason ?? "",
      /^newly failed: beta\.service; the way back failed: the previous system does not run$/,
    );
    await host.ask(`mv ${good}/activate.away ${good}/activate`);
    const mended = await host.system({ name: "mended" });
    const { kind, facts } = await host.deploy(mended);
    assert.deepEqual([kind, facts.previous], ["switched", good]);
  });
});
