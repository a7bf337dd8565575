import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Laboratory } from "../../../chaos/laboratory.ts";
import { hostSpecs } from "../../../chaos/machines.ts";
import type { Batch, Fault, Moment, Way } from "../../../chaos/plan-runs.ts";
import type { RunResult } from "../../../chaos/results.ts";
import type { Step } from "../../../chaos/steps.ts";

const within = (): AbortSignal => AbortSignal.timeout(200_000);

/** Two machines with systemd-boot alike, two with GRUB alike, a Mac's look-alike. */
const specs = hostSpecs.slice(0, 5);

const reset: Fault = { kind: "connection", how: "reset" };
const silence: Fault = { kind: "connection", how: "silence", seconds: 1 };
const noSshd: Fault = { kind: "sshd", seconds: 1 };
const powerLoss: Fault = { kind: "host", seconds: 0 };
const killed: Fault = { kind: "operator" };
const at = (step: Step): Moment => ({ kind: "step", step });

// The suite of `npm run chaos`, small: every fault, and the steps between which a host changes.
describe("a deployment under faults, and the plain up after it", function () {
  this.timeout(240_000);
  let laboratory: Laboratory;
  let batches = 0;
  before(async () => {
    laboratory = await Laboratory.open(specs, within());
  });
  after(() => laboratory?.[Symbol.asyncDispose]());

  const run = (way: Way, faults: readonly (readonly [Fault, Moment])[]): Promise<readonly RunResult[]> => {
    const runs = faults.map(([fault, moment], place) => ({
      number: place + 1,
      machine: specs[place]?.name ?? "",
      way,
      fault,
      at: moment,
      unhealthy: moment.kind === "step" && moment.step === "rollback",
    }));
    const batch: Batch = { index: batches++, way, runs };
    return laboratory.run(batch, within());
  };
  const endedAsDeclared = (results: readonly RunResult[]): void => {
    assert.equal(results.length, specs.length);
    for (const { machine, problems, words, struckAt } of results) {
      assert.deepEqual(problems, [], [machine, ...problems, ...words].join("\n"));
      assert.notEqual(struckAt, null, machine);
    }
  };

  it("ends as declared by pulumi up, after faults of hosts and connections", async () => {
    endedAsDeclared(
      await run("pulumi", [
        [powerLoss, at("commit")],
        [noSshd, at("test")],
        [reset, at("rollback")],
        [silence, at("push")],
        [powerLoss, at("health")],
      ]),
    );
  });

  it("ends as declared by pulumi up, after a killed one", async () => {
    const results = await run(
      "pulumi",
      Array.from(specs, () => [killed, at("test")] as const),
    );
    endedAsDeclared(results);
    // A machine that was quicker than the blow on a busy operator's side has its outcome.
    const struck = results.filter(({ interrupted }) => interrupted === "killed");
    assert.notEqual(struck.length, 0);
    for (const { machine, interrupted, struckAt } of results) {
      if (interrupted !== "killed") assert.match(`${interrupted} ${struckAt}`, /^switched (?:commit|done)$/, machine);
    }
  });

  it("ends as declared with its secrets, by the engine alone", async () => {
    endedAsDeclared(
      await run("engine", [
        [powerLoss, at("secrets")],
        [powerLoss, at("rollback")],
        [reset, at("test")],
        [noSshd, at("acknowledge")],
        [powerLoss, at("test")],
      ]),
    );
  });
});
