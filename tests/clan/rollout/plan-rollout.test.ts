import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isPlain, planRollout, type RolloutPlan } from "../../../clan/rollout/plan-rollout.ts";
import { renderRollout } from "../../../clan/rollout/render-rollout.ts";
import { type RolloutConfig, rolloutSchema } from "../../../clan/rollout/rollout-schema.ts";
import { StackConfigError } from "../../../clan/stack-config.ts";

const fleet = {
  cinnabar: { tags: ["server", "controller"] },
  electrum: { tags: ["server"] },
  magnetite: { tags: ["server"] },
  galena: { tags: ["gcp"] },
  stibnite: { tags: ["laptop"] },
  rosegold: { tags: ["laptop"] },
};
const machines = Object.keys(fleet);

function plan(config: RolloutConfig | undefined, operator: Record<string, string> = {}, of = machines): RolloutPlan {
  const known = new Map(Object.entries(operator));
  return planRollout({ fleet, machines: of, config, operator: known, file: "Pulumi.core.yaml" });
}

function order(planned: RolloutPlan): Record<string, readonly string[]> {
  return Object.fromEntries(planned.waves.map(({ name, machines: taken }) => [name, taken]));
}

describe("the order in which a stack's machines are deployed to", () => {
  it("is one wave without limits where nothing is stated", () => {
    const planned = plan(undefined);
    assert.deepEqual(order(planned), { all: machines });
    assert.equal(isPlain(planned), true);
  });

  it("takes canaries first, then waves by tag and by part, then the rest", () => {
    const planned = plan({
      canaries: ["galena"],
      waves: [
        { name: "half-of-servers", machines: ["tag:server"], percent: 50 },
        { machines: ["tag:server", "galena"] },
      ],
    });
    assert.deepEqual(order(planned), {
      canaries: ["galena"],
      "half-of-servers": ["cinnabar", "electrum"],
      "wave-2": ["magnetite"],
      rest: ["stibnite", "rosegold"],
    });
  });

  it("counts canaries in the fleet's order", () => {
    assert.deepEqual(order(plan({ canaries: 2 }))["canaries"], ["cinnabar", "electrum"]);
  });

  it("deploys to the operator's own machine last, also where an earlier wave names it", () => {
    const planned = plan(
      { canaries: ["stibnite"], waves: [{ machines: ["tag:laptop"] }] },
      { stibnite: "its host key" },
    );
    assert.deepEqual(
      planned.waves.map(({ name }) => name),
      ["wave-1", "rest", "operator"],
    );
    assert.deepEqual(planned.waves.at(-1)?.machines, ["stibnite"]);
  });

  it("keeps no machine from its end where no order is stated: the operator's is only the last", () => {
    const planned = plan(undefined, { stibnite: "its host key" });
    assert.deepEqual(
      planned.waves.map(({ name, onFailure, gated }) => [name, onFailure, gated]),
      [
        ["all", "continue", false],
        ["operator", "continue", false],
      ],
    );
  });

  it("refuses the operator's machine, or takes it as the others, where the stack says so", () => {
    const refused = plan({ operator: "refuse" }, { stibnite: "its host key" });
    assert.match(refused.refused["stibnite"] ?? "", /runs on stibnite itself \(its host key\).*fleet deploy stibnite/);
    assert.deepEqual(order(plan({ operator: "any" }, { stibnite: "its host key" })), { all: machines });
  });

  it("lets a wave have limits of its own; a part of it is rounded down, one machine at least", () => {
    const planned = plan({
      maxUnavailable: 2,
      pauseSeconds: 60,
      waves: [{ machines: ["tag:server"], maxUnavailable: "50%", pauseSeconds: 0, onFailure: "continue" }],
    });
    assert.deepEqual(
      planned.waves.map(({ maxUnavailable, pauseSeconds, onFailure }) => [maxUnavailable, pauseSeconds, onFailure]),
      [
        [1, 0, "continue"],
        [2, 60, "stop"],
      ],
    );
  });

  it("puts a gate behind each wave but the last, and there where it has something to do", () => {
    const gates = (config: RolloutConfig): boolean[] => plan(config).waves.map(({ gated }) => gated);
    assert.deepEqual(gates({ canaries: 1 }), [true, false]);
    assert.deepEqual(gates({ canaries: 1, pauseSeconds: 1 }), [true, true]);
    assert.deepEqual(gates({ onFailure: "rollback-wave" }), [true]);
  });

  it("refuses a tag that no machine carries, and two waves of one name, by their keys", () => {
    assert.throws(() => plan({ waves: [{ machines: ["tag:sever"] }] }), {
      constructor: StackConfigError,
      message: /Pulumi\.core\.yaml: pulumi-clan:rollout\.waves\.0\.machines.*\n.*\n.*\n.*\n.*write "tag:server"/,
    });
    assert.throws(() => plan({ waves: [{}, { name: "wave-1" }] }), { message: /rollout\.waves\.1\.name/ });
    assert.throws(() => plan({ waves: [{ name: "rest" }] }), { message: /rollout\.waves\.0\.name/ });
  });

  it("is shown, a line a wave", () => {
    const config: RolloutConfig = {
      canaries: ["galena"],
      maxUnavailable: 1,
      pauseSeconds: 300,
      unreachable: "queue",
    };
    const servers = ["cinnabar", "electrum", "galena", "stibnite"];
    assert.equal(
      renderRollout(plan(config, { stibnite: "its host key" }, servers)),
      [
        "rollout in 3 waves; hosts that do not answer are tried again behind the last wave",
        "  1 canaries  galena; a failure stops the rollout, then 300 s, then its machines are looked at",
        "  2 rest      cinnabar, electrum, 1 at a time; a failure stops the rollout, then 300 s, then its machines are looked at",
        "  3 operator  stibnite (this machine, by its host key); a failure stops the rollout",
      ].join("\n"),
    );
  });

  describe("whatever is stated", () => {
    const selector = fc.constantFrom("tag:server", "tag:gcp", "tag:laptop", "!tag:server", "!galena", ...machines);
    const limit = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom("1%", "33%", "100%"));
    const wave = fc.record(
      {
        machines: fc.array(selector, { minLength: 1, maxLength: 3 }),
        percent: fc.integer({ min: 1, max: 100 }),
        maxUnavailable: limit,
      },
      { requiredKeys: [] },
    );
    const anyConfig = fc
      .record(
        {
          canaries: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.array(selector, { minLength: 1, maxLength: 2 })),
          waves: fc.array(wave, { maxLength: 4 }),
          maxUnavailable: limit,
          operator: fc.constantFrom("last", "refuse", "any"),
        },
        { requiredKeys: [] },
      )
      .map((config) => rolloutSchema.parse(config));
    const anyOperator = fc.subarray(machines, { maxLength: 1 });
    const anyStack = fc.subarray(machines);

    it("has every machine of the stack in exactly one wave, in the fleet's order, and no wave empty", () => {
      fc.assert(
        fc.property(anyConfig, anyOperator, anyStack, (config, operator, of) => {
          const { waves } = plan(config, Object.fromEntries(operator.map((machine) => [machine, "it"])), of);
          assert.deepEqual(waves.flatMap((one) => one.machines).sort(), [...of].sort());
          for (const one of waves) {
            assert.ok(one.machines.length > 0);
            assert.deepEqual(
              [...one.machines],
              of.filter((machine) => one.machines.includes(machine)),
            );
            assert.ok(one.maxUnavailable === null || one.maxUnavailable >= 1);
          }
          assert.equal(new Set(waves.map(({ name }) => name)).size, waves.length);
        }),
      );
    });

    it("makes the same resources on whichever machine the update runs", () => {
      fc.assert(
        fc.property(anyConfig, fc.constantFrom(...machines), (config, operator) => {
          const planned = plan(config, { [operator]: "it" });
          assert.deepEqual(planned.stated, plan(config).waves);
          const gates = planned.stated.flatMap(({ name, gated }) => (gated ? [name] : []));
          for (const one of planned.waves) if (one.gated) assert.ok(gates.includes(one.name), one.name);
        }),
      );
    });

    it("is the same for the same stack, and has the operator's machine alone in the last wave", () => {
      fc.assert(
        fc.property(anyConfig, fc.constantFrom(...machines), (config, operator) => {
          const planned = plan(config, { [operator]: "it" });
          assert.deepEqual(planned, plan(config, { [operator]: "it" }));
          if (config.operator !== "any") assert.deepEqual(planned.waves.at(-1)?.machines, [operator]);
        }),
      );
    });
  });
});
