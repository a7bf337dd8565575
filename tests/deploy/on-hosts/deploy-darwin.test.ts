import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { parseStorePath } from "../../../local-nix/store-path.ts";
import { DeployedHost, gate } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

describe("deploying to a Mac with nix-darwin", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  before(async () => {
    host = await DeployedHost.start("darwin");
  });
  after(() => host[Symbol.asyncDispose]());

  it("activates, and sets the profile last", async () => {
    const look = "readlink -f /nix/var/nix/profiles/system >/run/profile-during";
    const before = await host.witness();
    const one = await host.system({ name: "one", beforeActivation: look });
    const { kind, facts } = await host.deploy(one);
    assert.deepEqual(
      [kind, facts.current, facts.profile, facts.bootable, facts.committed],
      ["switched", one, one, "n/a", true],
    );
    assert.equal(await host.ask("cat /run/profile-during"), before.profile);
    const now = await host.witness();
    assert.deepEqual(
      [now.current, now.profile, now.state, now.roots],
      [one, one, "history jobs owner.json supervisor", ""],
    );
    assert.equal((await host.deploy(one)).kind, "unchanged");
    assert.deepEqual(await host.calls(one), ["activate"]);
  });

  it("refuses what the system's own checks refuse, and changes nothing", async () => {
    const before = await host.witness();
    const checked = await host.system({
      name: "checked",
      beforeActivation: 'echo "error: Unexpected files in /etc, aborting activation" >&2; exit 2',
    });
    const outcome = await host.deploy(checked);
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["refused", "activate ended with 2: error: Unexpected files in /etc, aborting activation"],
    );
    const now = await host.witness();
    assert.deepEqual([now.current, now.profile, now.state], [before.current, before.profile, before.state]);
  });

  it("goes back when an activation stops half way, and tries it again the next time", async () => {
    const before = await host.witness();
    const half = await host.system({
      name: "half",
      beforeActivation: "[ -e /run/mended ] || { echo brew: no network; exit 1; }",
    });
    const outcome = await host.deploy(half);
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["rolled-back", "activate ended with 1: brew: no network; its first steps may be applied"],
    );
    assert.deepEqual(await host.calls(parseStorePath(before.current)), ["activate", "activate"]);
    const now = await host.witness();
    assert.deepEqual([now.current, now.profile, now.state], [before.current, before.profile, before.state]);
    await host.ask("touch /run/mended");
    assert.equal((await host.deploy(half)).kind, "switched");
  });

  it("is stopped at its deadline with all it started, says so, and is tried again the next time", async () => {
    const { lines, open } = gate("endless");
    const system = await host.system({ name: "endless", beforeActivation: `(sleep 7777; :) & ${lines}` });
    const outcome = await host.deploy(system, { policy: { testDeadlineSeconds: 5 } });
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["rolled-back", "activate was stopped at its deadline; its first steps may be applied"],
    );
    assert.equal(await host.ask("grep -alE '777[7]|[e]ndless' /proc/[0-9]*/cmdline 2>/dev/null || true"), "");
    await host.ask(open);
    assert.equal((await host.deploy(system)).kind, "switched");
  });

  it("runs apart from the session: a cut connection does not stop it", async () => {
    const { lines, open, reached } = gate("mac");
    const system = await host.system({ name: "cut", beforeActivation: lines });
    const deployment = host.deploy(system, { policy: { reconnectDeadlineSeconds: 20 } });
    await host.ask(reached);
    await host.cutConnections();
    await host.ask(open);
    assert.equal((await deployment).kind, "switched");
    assert.deepEqual(await host.calls(system), ["activate"]);
  });

  it("runs a deprecated user's part never, and a real one only for a login user", async () => {
    const deprecated = "#!/bin/sh\n# nix-darwin: deprecated\ntouch /run/user-part\n";
    const system = await host.system({ name: "deprecated", files: { "activate-user": deprecated } });
    assert.equal((await host.deploy(system)).kind, "switched");
    assert.equal(await host.ask("test -e /run/user-part && echo ran || echo skipped"), "skipped");
    const legacy = await host.system({ name: "legacy", files: { "activate-user": "#!/bin/sh\n# old\n" } });
    const outcome = await host.deploy(legacy);
    assert.equal(outcome.kind, "refused", outcome.reason);
    assert.match(outcome.reason ?? "", /this closure activates a user's part, and the login user is root$/);
  });

  it("goes back by itself when nobody acknowledges, or when the supervisor is killed", async () => {
    const before = await host.witness();
    const next = await host.system({ name: "unacknowledged" });
    const stop = new AbortController();
    const onEvent = ({ phase }: { phase: string }): void => {
      if (phase === "acknowledge") stop.abort(new Error("killed"));
    };
    await host.deploy(next, { signal: stop.signal, policy: { ackDeadlineSeconds: 5 }, onEvent });
    await host.ask("until ls /nix/var/pulumi-clan/jobs/*-test-1/status >/dev/null 2>&1; do sleep 0.1; done");
    const isBack = async (): Promise<void> => {
      const { current, profile, roots } = await host.witness();
      assert.deepEqual([current, profile, roots], [before.current, before.profile, ""]);
    };
    await isBack();
    const { lines, reached } = gate("mac-killed");
    const gated = await host.system({ name: "gated", beforeActivation: lines });
    const deployment = host.deploy(gated);
    await host.ask(reached);
    await host.ask("kill -9 $(cat /nix/var/pulumi-clan/jobs/*-test-1/pid)");
    const outcome = await deployment;
    assert.deepEqual([outcome.kind, outcome.reason], ["rolled-back", "the supervisor was killed"]);
    await isBack();
  });

  it("recognises a Mac that was rebooted before the commit, and puts it right", async () => {
    const before = await host.witness();
    const next = await host.system({ name: "rebooted" });
    const stop = new AbortController();
    const onEvent = ({ phase }: { phase: string }): void => {
      if (phase === "acknowledge") stop.abort(new Error("killed"));
    };
    await host.deploy(next, { signal: stop.signal, onEvent });
    assert.equal((await host.witness()).current, next);
    await host.sim.powerLoss(patience());
    await host.sim.boot(patience());
    assert.equal((await host.witness()).current, before.current, "launchd's activate-system reads the profile");
    const events: string[] = [];
    const old = parseStorePath(before.current);
    const outcome = await host.deploy(old, { onEvent: ({ message }) => void events.push(message) });
    assert.equal(outcome.kind, "switched", "the old system is activated again, although it runs");
    assert.ok(events.some((message) => message.startsWith("mixed: ")));
    assert.equal((await host.deploy(old)).kind, "unchanged");
  });
});
