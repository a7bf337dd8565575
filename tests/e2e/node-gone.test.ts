import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { Checkout } from "./support/checkout.ts";

describe("a machine whose node is taken away", function () {
  this.timeout(300_000);
  let checkout: Checkout;
  before(async () => {
    checkout = await Checkout.create();
    await checkout.edit("Pulumi.local.yaml", "machines: [cinnabar, stibnite, galena]", "machines: [galena]");
    assert.equal((await checkout.sim("up", "cinnabar")).code, 0); // its keys are those of the node, too
    const ended = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
    assert.equal(ended.code, 0, ended.text);
  });
  after(() => checkout[Symbol.asyncDispose]());

  it("stays until somebody says that its disk may go", async () => {
    await checkout.edit("Pulumi.local.yaml", 'galena: { power: "on" }', 'galena: { power: "absent" }');
    const ended = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
    assert.notEqual(ended.code, 0);
    assert.match(ended.text, /galena is absent: its VM in \S+ would be deleted with its disk of 100 GB/);
    const resources = await checkout.pulumi("stack", "--stack", "local");
    assert.match(resources.text, /galena-node-vm/);
  });

  it("goes with it, and is not contacted", async () => {
    await checkout.edit("Pulumi.local.yaml", '"absent"', '"absent", confirmDestroy: galena');
    const ended = await checkout.pulumi("up", "--yes", "--stack", "local", "--skip-preview");
    assert.equal(ended.code, 0, ended.text);
    assert.match(ended.text, /galena-node-vm deleted/);
    assert.match(ended.text, /galena-closure deleted/);
    assert.doesNotMatch(ended.text, /the host keeps running/, "delete() was not called");
    const resources = await checkout.pulumi("stack", "--stack", "local");
    assert.doesNotMatch(resources.text, /galena/);
  });
});
