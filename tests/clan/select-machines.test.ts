import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { selectMachines } from "../../clan/select-machines.ts";

const machines = {
  cinnabar: { tags: ["cloud", "nixos"] },
  galena: { tags: ["cloud", "gcp", "nixos"] },
  stibnite: { tags: ["laptop", "darwin"] },
};
const select = (...selectors: string[]) => selectMachines(machines, selectors, "Pulumi.core.yaml");

describe("machines of a stack", () => {
  it("are all of the fleet when the stack names none", () => {
    assert.deepEqual(selectMachines(machines, undefined, "Pulumi.core.yaml"), ["cinnabar", "galena", "stibnite"]);
  });

  it("are chosen by name and by tag, each once, in the fleet's order", () => {
    assert.deepEqual(select("stibnite", "tag:cloud", "galena"), ["cinnabar", "galena", "stibnite"]);
  });

  it("are left out by name and by tag", () => {
    assert.deepEqual(select("tag:cloud", "!tag:gcp"), ["cinnabar"]);
    assert.deepEqual(select("!stibnite"), ["cinnabar", "galena"]);
  });

  it("none at all is a stack's right", () => {
    assert.deepEqual(select("cinnabar", "!cinnabar"), []);
  });

  it("a name that no machine has is an error with the nearest", () => {
    assert.throws(() => select("galean"), /names no machine of the fleet[\s\S]*found: {4}galean[\s\S]*write "galena"/);
  });

  it("a tag that no machine carries is an error with the nearest", () => {
    assert.throws(() => select("!tag:claud"), /names a tag that no machine carries[\s\S]*write "tag:cloud"/);
  });
});
