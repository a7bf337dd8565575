import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { computeApi } from "../../../cloud/gcp/compute-api.ts";
import { changeCloud } from "../../../sim/gcp/cloud.ts";
import { type ComputeRest, startComputeRest } from "../../../sim/gcp/compute-rest.ts";
import { simState } from "../../../sim/hosts/sim-state.ts";
import { patience } from "../../deploy/support/signals.ts";

describe("what became of a VM", () => {
  let directory = "";
  let rest: ComputeRest;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "cloud-"));
    const state = simState(directory);
    rest = await startComputeRest(state, [], () => undefined);
    await changeCloud(
      state,
      (cloud) => {
        const inputs = { name: "pebble", desiredStatus: "TERMINATED" };
        const type = "gcp:compute/instance:Instance";
        cloud.resources["projects/p/zones/us-central1-b/instances/pebble"] = {
          type,
          inputs,
          outputs: { instanceId: "4711" },
        };
        const event = { user: "ops@fleet.example", insertTime: "2026-11-23T22:10:00Z" };
        cloud.events = [
          { ...event, targetId: "4711", operationType: "stop" },
          { ...event, targetId: "42", operationType: "delete" },
        ];
      },
      patience(),
    );
  });
  after(async () => {
    await rest[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  const api = () =>
    computeApi({
      endpoint: `http://127.0.0.1:${rest.port}/compute/v1/`,
      token: () => Promise.resolve("simulated"),
    });
  const pebble = { project: "p", zone: "us-central1-b", name: "pebble" };

  it("is its status and number; none for one that is gone, and an error for credentials that are none", async () => {
    assert.deepEqual(await api().readInstance(pebble, patience()), { id: "4711", status: "TERMINATED" });
    assert.equal(await api().readInstance({ ...pebble, name: "gravel" }, patience()), undefined);
    const nobody = computeApi({
      endpoint: `http://127.0.0.1:${rest.port}/compute/v1/`,
      token: () => Promise.resolve(""),
    });
    await assert.rejects(nobody.readInstance(pebble, patience()), /HTTP 401: Login Required/);
  });

  it("is told by its own operations, and by those of one that is gone", async () => {
    const at = { user: "ops@fleet.example", at: "2026-11-23T22:10:00Z" };
    assert.deepEqual(await api().readEvents(pebble, "4711", patience()), [{ type: "stop", ...at }]);
    assert.deepEqual(await api().readEvents({ ...pebble, name: "gravel" }, "42", patience()), [
      { type: "delete", ...at },
    ]);
    assert.deepEqual(await api().readEvents(pebble, "7", patience()), []);
  });
});
