import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { RolloutPlan, Wave } from "../../../clan/rollout/plan-rollout.ts";
import { type End, type GateAnswer, RolloutRun, type Turn } from "../../../clan/rollout/run-rollout.ts";

function wave(name: string, machines: readonly string[], more: Partial<Wave> = {}): Wave {
  const none = { maxUnavailable: null, pauseSeconds: 0, healthGates: null, gated: true } as const;
  return { name, machines, onFailure: "stop", ...none, ...more };
}

function planOf(waves: readonly Wave[], more: Partial<RolloutPlan> = {}): RolloutPlan {
  return { waves, stated: waves, isStated: true, unreachable: "fail", operator: {}, refused: {}, ...more };
}

const done: End = { kind: "done" };
const failed: End = { kind: "failed", down: false };
const down: End = { kind: "failed", down: true };

/** Runs every machine to the end that is stated for it; the others are done. @returns who went, and why others did not. */
async function run(
  plan: RolloutPlan,
  ends: Record<string, End> = {},
  gate?: (wave: Wave) => Promise<GateAnswer>,
): Promise<{ went: string[]; held: Record<string, string>; finished: GateAnswer }> {
  const rollout = new RolloutRun(plan, gate);
  const went: string[] = [];
  const held: Record<string, string> = {};
  const all = plan.waves.flatMap(({ machines }) => machines);
  await Promise.all(
    all.map(async (machine) => {
      const turn = await rollout.turn(machine);
      if (turn.kind === "held") {
        held[machine] = turn.reason;
        return;
      }
      went.push(machine);
      await Promise.resolve();
      rollout.ended(machine, ends[machine] ?? done);
    }),
  );
  return { went, held, finished: await rollout.finished };
}

describe("a run of a rollout", () => {
  const two = [wave("canaries", ["a"]), wave("rest", ["b", "c"])];

  it("begins a wave when the one before has ended", async () => {
    assert.deepEqual(await run(planOf(two)), { went: ["a", "b", "c"], held: {}, finished: { open: true } });
  });

  it("begins nothing more after a failure, and says whose", async () => {
    const reason = "wave canaries: a failed";
    const ended = await run(planOf(two), { a: failed });
    assert.deepEqual(ended, { went: ["a"], held: { b: reason, c: reason }, finished: { open: false, reason } });
  });

  it("goes on after a failure where the wave says so", async () => {
    const waves = [wave("canaries", ["a"], { onFailure: "continue" }), wave("rest", ["b", "c"])];
    assert.deepEqual((await run(planOf(waves), { a: failed })).went, ["a", "b", "c"]);
  });

  it("stops within a wave, too, and lets those end that have begun", async () => {
    const limited = [wave("all", ["a", "b", "c", "d"], { maxUnavailable: 2 })];
    const ended = await run(planOf(limited), { a: failed });
    assert.deepEqual(ended.went, ["a", "b"]);
    assert.deepEqual(Object.keys(ended.held), ["c", "d"]);
  });

  it("counts a host that did not come back as unavailable, also where it goes on after failures", async () => {
    const limited = [wave("all", ["a", "b", "c"], { maxUnavailable: 1, onFailure: "continue" })];
    const ended = await run(planOf(limited), { a: down });
    assert.deepEqual(ended.went, ["a"]);
    assert.equal(ended.held["b"], "wave all: a did not come back, and maxUnavailable is 1");
    assert.deepEqual((await run(planOf(limited), { a: failed })).went, ["a", "b", "c"]);
  });

  it("holds the later waves where a gate stays closed, with its reason", async () => {
    const gate = async ({ name }: Wave): Promise<GateAnswer> =>
      name === "canaries" ? { open: false, reason: "a: nginx.service failed" } : { open: true };
    const ended = await run(planOf(two), {}, gate);
    assert.deepEqual(ended.held, { b: "a: nginx.service failed", c: "a: nginx.service failed" });
  });

  it("does not begin a machine that is refused, and goes on with the others", async () => {
    const ended = await run(planOf(two, { refused: { a: "it is this machine" } }));
    assert.deepEqual(ended, { went: ["b", "c"], held: { a: "it is this machine" }, finished: { open: true } });
  });

  it("leaves nobody waiting when a gate itself fails", async () => {
    const rollout = new RolloutRun(planOf(two), () => Promise.reject(new Error("no engine")));
    assert.deepEqual(await rollout.turn("a"), { kind: "go" });
    rollout.ended("a", done);
    await assert.rejects(rollout.finished, /no engine/);
    await assert.rejects(rollout.turn("b"), /no engine/);
  });

  describe("in whatever order machines end", () => {
    const anyEnd = fc.constantFrom<End>(done, done, failed, down, { kind: "left" });
    const anyWave = fc.record({
      size: fc.integer({ min: 1, max: 4 }),
      maxUnavailable: fc.option(fc.integer({ min: 1, max: 3 })),
      onFailure: fc.constantFrom("stop" as const, "continue" as const, "rollback-wave" as const),
    });
    const anyRun = fc.array(anyWave, { minLength: 1, maxLength: 3 }).chain((waves) =>
      fc.record({
        waves: fc.constant(
          waves.map(({ size, ...more }, index) =>
            wave(
              `w${index}`,
              Array.from({ length: size }, (_, machine) => `m${index}-${machine}`),
              more,
            ),
          ),
        ),
        ends: fc.array(anyEnd, { minLength: 12, maxLength: 12 }),
      }),
    );

    it("keeps to maxUnavailable, begins no wave before its turn, and answers everybody", async () => {
      await fc.assert(
        fc.asyncProperty(anyRun, fc.scheduler(), async ({ waves, ends }, scheduler) => {
          const rollout = new RolloutRun(planOf(waves));
          const underWay = new Map<string, Set<string>>(waves.map(({ name }) => [name, new Set()]));
          const ended = new Map<string, End>();
          const stopped = (one: Wave): boolean =>
            one.onFailure !== "continue" && one.machines.some((machine) => ended.get(machine)?.kind === "failed");
          const all = waves.flatMap((one) => one.machines.map((machine) => ({ one, machine })));
          const turns = all.map(async ({ one, machine }, index): Promise<Turn> => {
            const turn = await rollout.turn(machine);
            if (turn.kind === "held") {
              ended.set(machine, { kind: "left" });
              return turn;
            }
            const before = waves.slice(0, waves.indexOf(one));
            assert.ok(before.every(({ machines }) => machines.every((other) => ended.has(other))));
            assert.ok(![...before, one].some(stopped), "nothing begins after a failure that stops");
            underWay.get(one.name)?.add(machine);
            const isDown = (other: string): boolean => {
              const end = ended.get(other);
              return end?.kind === "failed" && end.down;
            };
            const unavailable = (underWay.get(one.name)?.size ?? 0) + one.machines.filter(isDown).length;
            assert.ok(unavailable <= (one.maxUnavailable ?? Number.POSITIVE_INFINITY));
            await scheduler.schedule(Promise.resolve(), machine);
            underWay.get(one.name)?.delete(machine);
            const end = ends[index] ?? done;
            ended.set(machine, end);
            rollout.ended(machine, end);
            return turn;
          });
          await scheduler.waitFor(Promise.all([...turns, rollout.finished]));
          assert.equal(ended.size, all.length);
        }),
      );
    });
  });
});
