import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import * as placement from "../../providers/placement.impl.ts";
import type { PlacementInputs } from "../../providers/placement-schema.ts";

const inputs: PlacementInputs = {
  machine: "scheelite",
  project: "minerals-lab",
  zones: ["us-central1-f", "us-central1-a"],
  zone: null,
  machineType: "n1-standard-8",
  accelerators: [{ type: "nvidia-tesla-t4", count: 1 }],
  reportTo: "urn:of-the-node",
};
const state = { ...inputs, placedIn: "us-central1-f", reservation: null, __provider: "of Pulumi" };

describe("the placement of a VM, as a resource", () => {
  const before = { ...process.env };
  // Nobody listens there: whatever asks Google's API fails.
  beforeEach(() => {
    process.env["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"] = "http://127.0.0.1:9/";
    process.env["GOOGLE_OAUTH_ACCESS_TOKEN"] = "of nobody";
  });
  afterEach(() => {
    process.env = { ...before };
  });

  const differs = async (changes: Partial<PlacementInputs>): Promise<boolean | undefined> =>
    (await placement.diff("id", state, { ...inputs, ...changes })).changes;

  it("does not change while its zone is a candidate: a preview would not know the VM's zone, and show it replaced", async () => {
    assert.equal(await differs({}), false);
    assert.equal(await differs({ zones: ["us-central1-a", "us-central1-f"] }), false);
    assert.equal(await differs({ machineType: "n1-standard-16", accelerators: [], zone: "us-central1-f" }), false);
  });

  it("changes when its zone is no candidate any more, or the stack names another", async () => {
    assert.equal(await differs({ zones: ["us-central1-a"] }), true);
    assert.equal(await differs({ zone: "us-central1-a" }), true);
  });

  it("asks nobody where there is one candidate, and when it goes without having held room", async () => {
    const made = await placement.create({ ...inputs, zones: ["us-central1-a"] });
    assert.deepEqual(
      [made.id, made.outs?.placedIn, made.outs?.reservation],
      ["minerals-lab/scheelite", "us-central1-a", null],
    );
    await placement.remove("id", state);
    await assert.rejects(placement.remove("id", { ...state, reservation: "scheelite-placing" }));
  });

  it("names the property that cannot be", async () => {
    const { failures } = await placement.check({}, { ...inputs, zones: [] });
    assert.deepEqual(failures, [{ property: "zones", reason: "expected one zone at least" }]);
  });
});
