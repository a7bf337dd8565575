import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { planRollout } from "../../clan/rollout/plan-rollout.ts";
import { RolloutTurns } from "../../components/rollout-turns.ts";

describe("the turn of a machine", () => {
  it("is held, not refused, behind a failure, whatever the machine is called", async () => {
    const machines = ["galena", "constructor"];
    const fleet = Object.fromEntries(machines.map((machine) => [machine, { tags: [] }]));
    const plan = planRollout({ fleet, machines, config: { canaries: ["galena"] }, operator: new Map(), file: "" });
    const turns = new RolloutTurns(plan);
    const place = turns.placeOf("constructor");
    turns.run.ended("galena", { kind: "failed", down: false });
    assert.equal((await place?.turn)?.kind, "held");
  });

  it("comes, and is nobody's refusal, for a machine that is called as what every object has", async () => {
    const fleet = { constructor: { tags: [] } };
    const plan = planRollout({ fleet, machines: ["constructor"], config: {}, operator: new Map(), file: "" });
    assert.deepEqual(await new RolloutTurns(plan).run.turn("constructor"), { kind: "go" });
  });
});
