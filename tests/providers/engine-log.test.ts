import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { inOrder, isOn } from "../../providers/engine-log.ts";
import type { FleetEvent } from "../../report.ts";

const line = (message: string): FleetEvent => ({ level: "info", phase: "test", message });
const pushed = (done: number): FleetEvent => ({
  level: "info",
  phase: "push",
  message: `${done} of 5`,
  progress: { done, total: 5, unit: "paths" },
});

describe("what is waited for", () => {
  it("stands on the line of its machine and of that machine's node, and of no other", () => {
    const urn = (name: string): string => `urn:pulumi:core::fleet::clan:index:Machine::${name}`;
    const push = { kind: "phase", subject: "galena", what: "push" } as const;
    assert.deepEqual(
      ["galena", "galena-node", "galena-2", "cinnabar"].map((name) => isOn(urn(name), push)),
      [true, true, false, false],
    );
    assert.equal(isOn(urn("minerals-rollout"), { kind: "phase", what: "pause after wave canaries" }), true);
    assert.equal(isOn(urn("galena"), { kind: "process", what: "nix build" }), false, "perhaps another machine's");
  });
});

describe("lines on a resource", () => {
  it("arrive in the order in which they were said, one after the other", async () => {
    const waiting: (() => void)[] = [];
    const started: string[] = [];
    const log = inOrder(({ message }) => {
      started.push(message);
      return new Promise((resolve) => waiting.push(() => resolve(true)));
    });
    log.report(line("error: in the way:"));
    log.report(line("/etc/motd"));
    await new Promise(setImmediate);
    assert.deepEqual(started, ["error: in the way:"]);
    waiting[0]?.();
    await new Promise(setImmediate);
    assert.deepEqual(started, ["error: in the way:", "/etc/motd"]);
    waiting[1]?.();
    await log.sent();
  });

  it("tell a counter's beginning and end, not every step", async () => {
    const told: string[] = [];
    const log = inOrder(async ({ message }) => told.push(message) > 0, 60_000);
    for (const done of [0, 1, 2, 3, 4, 5]) log.report(pushed(done));
    await log.sent();
    assert.deepEqual(told, ["0 of 5", "5 of 5"]);
  });

  it("are dropped once nobody takes them, so that a lost engine holds nothing up", async () => {
    let calls = 0;
    const log = inOrder(async () => {
      calls++;
      return false;
    });
    for (const message of ["a", "b", "c"]) log.report(line(message));
    await log.sent();
    assert.equal(calls, 1);
  });
});
