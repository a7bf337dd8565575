import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { observedOf } from "../../providers/host-observation.ts";
import { declared, hostFacts, old, transaction } from "../deploy/support/facts.ts";

describe("what diff compares of a host", () => {
  it("is what it runs and boots, and that nothing is left to do", () => {
    assert.deepEqual(observedOf(hostFacts(), "nixos"), {
      running: old,
      specialisations: [],
      profile: old,
      settled: true,
    });
  });

  it("is settled in a specialisation of the profile's system, too", () => {
    const docked = { current: declared, specialisations: [{ of: old, name: "docked" }] };
    assert.equal(observedOf(hostFacts(docked), "nixos").settled, true);
    assert.equal(observedOf(hostFacts({ ...docked, leftovers: ["nginx.service"] }), "nixos").settled, false);
  });

  it("is not settled while units wait to be started, a transaction is open, or another system would boot", () => {
    const { boot } = hostFacts();
    for (const facts of [
      { leftovers: ["nginx.service"] },
      { transaction: transaction() },
      { boot: { ...boot, toplevel: declared } },
      { profile: declared },
      { current: null },
    ]) {
      assert.equal(observedOf(hostFacts(facts), "nixos").settled, false, JSON.stringify(facts));
    }
  });
});
