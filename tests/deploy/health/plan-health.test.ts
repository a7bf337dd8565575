import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type HealthStep, type Observation, planHealth } from "../../../deploy/health/plan-health.ts";

const gate = { deadlineSeconds: 60, intervalSeconds: 2, stableForSeconds: 0 };

/** A look that took no time. */
const look = (at: number, healthy: boolean, more: Partial<Observation> = {}): Observation => ({
  startedAt: at,
  endedAt: at,
  healthy,
  detail: healthy ? "fine" : "status 503",
  ...more,
});

/** Runs a gate against a world that is healthy at some times; looks take `cost` seconds, the clock goes in steps of its own. */
function watch(
  timing: typeof gate,
  cost: number,
  world: (at: number) => Pick<Observation, "healthy"> & Partial<Observation>,
): {
  readonly step: Extract<HealthStep, { kind: "passed" | "failed" }>;
  readonly looks: Observation[];
  readonly end: number;
} {
  const looks: Observation[] = [];
  let now = 0;
  for (let turns = 0; turns < 100_000; turns++) {
    const step = planHealth(looks, timing, now);
    if (step.kind === "passed" || step.kind === "failed") return { step, looks, end: now };
    if (step.kind === "wait") {
      assert.ok(step.until > now, "a wait leads forward");
      now = step.until;
      continue;
    }
    looks.push({ ...look(now, false), ...world(now), startedAt: now, endedAt: now + cost });
    now += cost;
  }
  return assert.fail("no end");
}

const timings = fc
  .record({
    deadlineSeconds: fc.integer({ min: 1, max: 300 }),
    intervalSeconds: fc.double({ min: 0.1, max: 20, noNaN: true }),
    stableForSeconds: fc.double({ min: 0, max: 60, noNaN: true }),
  })
  .filter(({ deadlineSeconds, stableForSeconds }) => stableForSeconds < deadlineSeconds);
const costs = fc.double({ min: 0.01, max: 5, noNaN: true });

describe("the plan of a health gate", () => {
  it("looks at once, waits an interval after a bad look, and passes with a good one", () => {
    assert.deepEqual(planHealth([], gate, 0), { kind: "look" });
    assert.deepEqual(planHealth([look(0, false)], gate, 0.5), { kind: "wait", until: 2 });
    assert.deepEqual(planHealth([look(0, false)], gate, 2), { kind: "look" });
    assert.deepEqual(planHealth([look(0, false), look(2, true)], gate, 2), { kind: "passed", healthySince: 2 });
  });

  it("asks for a stable time without a break, and looks when it ends, not an interval later", () => {
    const stable = { ...gate, intervalSeconds: 8, stableForSeconds: 10 };
    assert.deepEqual(planHealth([look(0, true)], stable, 0), { kind: "wait", until: 8 });
    assert.deepEqual(planHealth([look(0, true), look(8, true)], stable, 8), { kind: "wait", until: 10 });
    assert.deepEqual(planHealth([look(0, true), look(8, true), look(10, true)], stable, 10), {
      kind: "passed",
      healthySince: 0,
    });
    assert.deepEqual(planHealth([look(0, true), look(8, false), look(16, true)], stable, 16), {
      kind: "wait",
      until: 24,
    });
  });

  it("begins the stable time anew when the mark changed: a unit was restarted between two good looks", () => {
    const stable = { ...gate, intervalSeconds: 5, stableForSeconds: 9 };
    const looks = [
      look(0, true, { mark: "0/100" }),
      look(5, true, { mark: "1/103" }),
      look(9, true, { mark: "1/103" }),
    ];
    assert.deepEqual(planHealth(looks, stable, 9), { kind: "wait", until: 14 });
  });

  it("says what was seen last when time is up, and how long it was healthy", () => {
    assert.deepEqual(planHealth([look(58.5, false)], gate, 58.5), {
      kind: "failed",
      reason: "not healthy within 60 s: status 503",
    });
    assert.deepEqual(planHealth([look(55, true)], { ...gate, stableForSeconds: 10 }, 59.9), { kind: "look" });
    assert.deepEqual(planHealth([look(55, true), look(59, true)], { ...gate, stableForSeconds: 10 }, 60), {
      kind: "failed",
      reason: "healthy for 4 s only within 60 s: fine",
    });
    assert.deepEqual(planHealth([], gate, 60), { kind: "failed", reason: "never looked at in time" });
  });

  it("gives up at once where no later look can be better", () => {
    const looks = [look(0, false, { final: true, detail: "the host has no systemd" })];
    assert.deepEqual(planHealth(looks, gate, 0), { kind: "failed", reason: "the host has no systemd" });
  });

  it("ends by its deadline, plus at most one look, whatever the world does", () => {
    fc.assert(
      fc.property(timings, costs, fc.array(fc.boolean(), { minLength: 1 }), (timing, cost, states) => {
        const { end, looks } = watch(timing, cost, (at) => ({
          healthy: states[Math.floor(at) % states.length] ?? false,
        }));
        assert.ok(end <= timing.deadlineSeconds + cost + 1e-6, `${end}`);
        assert.ok(looks.every(({ startedAt }) => startedAt < timing.deadlineSeconds));
      }),
    );
  });

  it("passes only what was healthy in every look of the whole stable time", () => {
    fc.assert(
      fc.property(timings, costs, fc.array(fc.boolean(), { minLength: 1 }), (timing, cost, states) => {
        const { step, looks } = watch(timing, cost, (at) => ({
          healthy: states[Math.floor(at) % states.length] ?? false,
        }));
        if (step.kind === "failed") return;
        const counted = looks.filter(({ startedAt }) => startedAt >= step.healthySince);
        assert.ok(counted.every(({ healthy }) => healthy));
        const [first, last] = [counted[0], counted.at(-1)];
        assert.ok(first !== undefined && last !== undefined);
        assert.ok(last.startedAt - first.startedAt >= timing.stableForSeconds);
        assert.ok(last.endedAt <= timing.deadlineSeconds);
      }),
    );
  });

  it("passes a world that is healthy early enough for good", () => {
    fc.assert(
      fc.property(timings, costs, fc.double({ min: 0, max: 100, noNaN: true }), (timing, cost, from) => {
        const needed = from + timing.intervalSeconds + timing.stableForSeconds + 3 * cost;
        fc.pre(needed < timing.deadlineSeconds);
        assert.equal(watch(timing, cost, (at) => ({ healthy: at >= from })).step.kind, "passed");
      }),
    );
  });

  it("stays with what it said", () => {
    fc.assert(
      fc.property(
        timings,
        costs,
        fc.boolean(),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (timing, cost, ok, later) => {
          const { step, looks, end } = watch(timing, cost, () => ({ healthy: ok }));
          assert.deepEqual(planHealth(looks, timing, end + later), step);
        },
      ),
    );
  });
});
