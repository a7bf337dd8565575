import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { hostScript } from "../../../deploy/activation/scripts.ts";
import { PushError } from "../../../deploy/errors.ts";
import { DeployedHost, gate } from "../support/deployed-host.ts";
import { patience } from "../support/signals.ts";

const fast = { reconnectDeadlineSeconds: 20 };

describe("deploying under faults", function () {
  this.timeout(110_000);
  let host: DeployedHost;
  beforeEach(async () => {
    host = await DeployedHost.start("nixos");
  });
  afterEach(() => host[Symbol.asyncDispose]());

  it("goes on after the connection was cut during the test, which does not notice", async () => {
    const { lines, open, reached } = gate("cut");
    const system = await host.system({ name: "cut", beforeActivation: lines });
    const deployment = host.deploy(system, { policy: fast });
    await host.ask(reached);
    await host.cutConnections();
    await host.ask(open);
    assert.equal((await deployment).kind, "switched");
    assert.deepEqual(await host.calls(system), ["test", "boot"]);
    assert.equal((await host.witness()).state, "history jobs owner.json supervisor", "no lock is left");
  });

  it("leaves the test running when it is stopped, and takes it up the next time", async () => {
    const { lines, open, reached } = gate("stopped");
    const system = await host.system({ name: "stopped", beforeActivation: lines });
    const stop = new AbortController();
    const first = host.deploy(system, { signal: stop.signal });
    await host.ask(reached);
    stop.abort(new Error("^C"));
    const outcome = await first;
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["interrupted", "stopped by request; the next run goes on where the host stands"],
    );
    const second = host.deploy(system);
    await host.ask(open);
    assert.equal((await second).kind, "switched");
    assert.deepEqual(await host.calls(system), ["test", "boot"]);
  });

  it("names the deadline that stopped it", async () => {
    const { lines, reached } = gate("late");
    const system = await host.system({ name: "late", beforeActivation: lines });
    const stop = new AbortController();
    const outcome = host.deploy(system, { signal: stop.signal });
    await host.ask(reached);
    const facts = { summary: "t: its deployment did not end in time", found: "still under way" };
    stop.abort(new PushError({ ...facts, expected: "an end", at: "here", fix: "wait" }));
    assert.equal(
      (await outcome).reason,
      "its deployment did not end in time (still under way); the next run goes on where the host stands",
    );
  });

  it("answers soon after being stopped, also when the host does not: after 5 s Pulumi ends it", async () => {
    const { lines, reached } = gate("silent");
    const system = await host.system({ name: "silent", beforeActivation: lines });
    const stop = new AbortController();
    const outcome = host.deploy(system, { signal: stop.signal });
    await host.ask(reached);
    await host.ask("kill -STOP $(grep -lx 'sshd.*' /proc/[0-9]*/comm | cut -d / -f 3)");
    const start = performance.now();
    stop.abort(new Error("^C"));
    assert.equal((await outcome).kind, "interrupted");
    assert.ok(performance.now() - start < 4_900, `${performance.now() - start} ms`);
  });

  it("judges a test that ended while nobody looked, without a second one", async () => {
    const { lines, open, reached } = gate("unseen");
    const system = await host.system({ name: "unseen", beforeActivation: lines, units: { gamma: "/bin/true" } });
    const stop = new AbortController();
    const first = host.deploy(system, { signal: stop.signal });
    await host.ask(reached);
    stop.abort(new Error("^C"));
    await first;
    await host.ask(`${open}; until grep -q tested /nix/var/pulumi-clan/jobs/*-test-1/events; do sleep 0.05; done`);
    assert.equal((await host.deploy(system)).kind, "switched");
    assert.deepEqual(await host.calls(system), ["test", "boot"]);
  });

  it("tells a second deployer who is at work, and since when", async () => {
    const { lines, open, reached } = gate("busy");
    const system = await host.system({ name: "busy", beforeActivation: lines });
    const first = host.deploy(system);
    await host.ask(reached);
    const second = await host.deploy(system);
    assert.equal(second.kind, "refused");
    assert.match(second.reason ?? "", /^busy since \d{4}-\d\d-\d\dT.*Z, by fleet\/test on \S+$/);
    // Signs of life keep it ours.
    const lock = "/nix/var/pulumi-clan/lock";
    await host.ask(`touch -d '50 seconds ago' ${lock}; until [ -n "$(find ${lock} -mmin -0.5)" ]; do sleep 0.1; done`);
    await host.ask(open);
    assert.equal((await first).kind, "switched");
    assert.equal((await host.deploy(system)).kind, "unchanged");
  });

  it("waits for the job of a deployment whose operator is gone before it begins another system's", async () => {
    const { lines, open, reached } = gate("gone");
    const left = await host.system({ name: "left", beforeActivation: lines });
    const next = await host.system({ name: "next" });
    const stop = new AbortController();
    const first = host.deploy(left, { signal: stop.signal });
    await host.ask(reached);
    stop.abort(new Error("^C"));
    await first;
    let waits = "";
    const second = host.deploy(next, {
      onEvent: (event) => {
        if (event.phase !== "wait") return;
        waits = event.message;
        host.ask(open).catch(assert.fail);
      },
    });
    assert.equal((await second).kind, "switched");
    assert.match(waits, /^an earlier deployment is under way \([0-9a-f]{16}-test-1\), waiting for its end$/);
    assert.deepEqual([await host.calls(left), await host.calls(next)], [["test"], ["test", "boot"]]);
  });

  it("begins anew where the job that it takes up goes back by itself", async () => {
    const { lines, open, reached } = gate("late-heir");
    const system = await host.system({ name: "late-heir", beforeActivation: lines });
    const stop = new AbortController();
    const first = host.deploy(system, { signal: stop.signal });
    await host.ask(reached);
    stop.abort(new Error("^C"));
    await first;
    let killing: Promise<string> | undefined;
    const second = host.deploy(system, {
      onEvent: ({ message }) => {
        if (!message.startsWith("taking up")) return;
        killing = host.ask(`kill -9 $(cat /nix/var/pulumi-clan/jobs/*-test-1/pid); ${open}`);
      },
    });
    assert.equal((await second).kind, "switched");
    assert.ok(killing);
    await killing;
    assert.deepEqual(await host.calls(system), ["test", "test", "boot"]);
  });

  it("respects a switch-to-configuration of somebody else's", async () => {
    const system = await host.system({ name: "locked-out" });
    const holder = host.ask(
      "mkdir -p /run/nixos; flock /run/nixos/switch-to-configuration.lock sh -c 'touch /run/held; until [ -e /run/free ]; do sleep 0.05; done'",
    );
    await host.ask("until [ -e /run/held ]; do sleep 0.05; done");
    const outcome = await host.deploy(system);
    await host.ask("touch /run/free");
    await holder;
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["refused", "busy: another switch-to-configuration holds the lock"],
    );
    assert.equal((await host.deploy(system)).kind, "switched");
  });

  it("boots what was there before when the power fails during the test, and ends as declared the next time", async () => {
    const before = await host.witness();
    const { lines, open, reached } = gate("power");
    const system = await host.system({ name: "power", afterActivation: lines });
    const first = host.deploy(system, {
      policy: { reconnectDeadlineSeconds: 1 },
      connection: { keepaliveSeconds: 0.3 },
    });
    await host.ask(reached);
    await host.sim.powerLoss(patience());
    const outcome = await first;
    assert.equal(outcome.kind, "interrupted");
    assert.equal(outcome.facts.current, null, "nothing is claimed about a host that cannot be asked");
    await host.sim.boot(patience());
    assert.equal((await host.witness()).current, before.current);
    await host.ask(open);
    assert.equal((await host.deploy(system)).kind, "switched");
    assert.deepEqual((await host.witness()).boots, system);
  });

  it("stops a test at its deadline, goes back, and tests again the next time", async () => {
    const { lines, open } = gate("endless");
    const system = await host.system({ name: "endless", beforeActivation: lines });
    const before = await host.witness();
    const outcome = await host.deploy(system, { policy: { testDeadlineSeconds: 5 } });
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["rolled-back", "switch-to-configuration was stopped at its deadline"],
    );
    assert.deepEqual((await host.witness()).current, before.current);
    await host.ask(open);
    assert.equal((await host.deploy(system)).kind, "switched");
    assert.deepEqual(await host.calls(system), ["test", "test", "boot"]);
  });

  it("stops a test that prints without end before it fills the disk, and goes back", async () => {
    const line = "head -c 4000000 /dev/zero | tr '\\0' x";
    const beforeActivation = `while [ ! -e /run/enough ]; do ${line}; echo; sleep 0.05; done`;
    const system = await host.system({ name: "talkative", beforeActivation });
    const before = await host.witness();
    const outcome = await host.deploy(system);
    assert.deepEqual(
      [outcome.kind, outcome.reason],
      ["rolled-back", "switch-to-configuration was stopped for printing more than 32 MiB"],
    );
    assert.equal((await host.witness()).current, before.current);
  });

  it("goes on with a push that is cut, and keeps the store valid", async () => {
    const blob = Array.from({ length: 60 }, (_, line) => `${line}`.repeat(200_000)).join("\n");
    const system = await host.system({ name: "pushed", files: { blob } });
    let cutting: Promise<void> | undefined;
    const deployment = host.deploy(system, {
      policy: fast,
      onEvent: ({ phase }) => {
        if (phase !== "push" || cutting !== undefined) return;
        // Bounded: a push may end before it is seen.
        const receiver = "cat /proc/[0-9]*/comm 2>/dev/null | grep -qxE 'nix-(daemon|store)'";
        const seen = `n=0; until ${receiver} || [ "$n" -gt 300 ]; do n=$((n + 1)); sleep 0.01; done`;
        cutting = host.ask(seen).then(() => host.cutConnections());
      },
    });
    const { kind, facts } = await deployment;
    await cutting;
    assert.deepEqual([kind, facts.pushedPaths], ["switched", 1]);
    assert.equal(await host.ask("nix-store --verify 2>&1 | grep -c error || true"), "0");
  });

  it("clears the lock of a deployer that died with the host's last boot", async () => {
    await host.ask(
      "mkdir -p /nix/var/pulumi-clan; echo '1 an-earlier-boot 1790000000 token somebody' >/nix/var/pulumi-clan/lock",
    );
    assert.equal((await host.deploy(await host.system({ name: "stale" }))).kind, "switched");
  });

  it("clears the lock of a deployer whose connection died and who gave no sign of life for a minute", async () => {
    await host.sim.exec("cat >/root/lock.sh", patience(), { stdin: hostScript("lock", []).text });
    const hold = "sh -s -- silent somebody </run/way >/run/word & exec 3>/run/way; cat /root/lock.sh >&3; wait";
    await host.ask(
      `mkfifo /run/way; systemd-run --quiet --collect sh -c '${hold}'; until grep -qs held /run/word; do sleep 0.05; done`,
    );
    const system = await host.system({ name: "after-silence" });
    assert.match((await host.deploy(system)).reason ?? "", /^busy since .*, by somebody$/);
    await host.ask("touch -d '2 minutes ago' /nix/var/pulumi-clan/lock");
    assert.equal((await host.deploy(system)).kind, "switched");
  });

  it("is unreachable when nobody answers, as a value", async () => {
    await host.sim.stop(patience());
    const outcome = await host.deploy(await host.system({ name: "off" }), {
      connection: { connectDeadlineSeconds: 1 },
    });
    assert.deepEqual([outcome.kind, outcome.facts.current], ["unreachable", null]);
  });
});
