import assert from "node:assert/strict";
import { unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { afterEach, beforeEach, describe, it } from "mocha";
import * as firstLogin from "../../providers/first-login.impl.ts";
import type { FirstLoginInputs } from "../../providers/first-login-schema.ts";

const inputs: FirstLoginInputs = {
  machine: "galena",
  project: "minerals-lab",
  zone: "us-central1-b",
  instanceId: "4711",
  installed: true,
  reportTo: "urn:of-the-node",
};

describe("the end of a VM's first login, as a resource", () => {
  const before = { ...process.env };
  // Nobody listens there: whatever asks Google's API fails.
  beforeEach(() => {
    process.env["GOOGLE_COMPUTE_CUSTOM_ENDPOINT"] = "http://127.0.0.1:9/";
    process.env["GOOGLE_OAUTH_ACCESS_TOKEN"] = "of nobody";
  });
  afterEach(() => {
    process.env = { ...before };
  });

  const differs = async (closed: boolean, news: Partial<FirstLoginInputs>): Promise<boolean | undefined> =>
    (await firstLogin.diff("galena", { ...inputs, closed }, { ...inputs, ...news })).changes;

  it("is due once for each VM, when that is installed", async () => {
    assert.equal(await differs(true, {}), false);
    assert.equal(await differs(true, { instanceId: "4712" }), true);
    assert.equal(await differs(false, {}), true);
    assert.equal(await differs(false, { installed: false }), false);
    assert.equal(await differs(true, { instanceId: unknownValue }), true, "a VM that is yet to be made");
  });

  it("waits while the VM is not installed, and asks nobody", async () => {
    const made = await firstLogin.create({ ...inputs, installed: false });
    assert.deepEqual([made.id, made.outs?.closed], ["galena", false]);
  });

  it("fails where the metadata cannot be read: nobody is told that a way in is closed which is open", async () => {
    await assert.rejects(firstLogin.update("galena", {}, inputs));
  });
});
