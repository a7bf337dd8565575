import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { carriedTags, resolveMembers, resolveTags } from "../../clan/resolve-members.ts";

const machine = (className: string, ...tags: string[]) => ({ class: className, tags });

describe("tags and members", () => {
  const machines = new Map([
    ["galena", machine("nixos", "peer", "gcp")],
    ["pyrite", machine("nixos", "peer")],
    ["stibnite", machine("darwin", "darwin")],
  ]);

  it("adds `all` and the class to the stated tags, each once", () => {
    assert.deepEqual(carriedTags(machine("darwin", "darwin", "laptop")), ["darwin", "laptop", "all"]);
  });

  it("finds who carries a tag, and knows the computed tags even when nobody does", () => {
    assert.deepEqual(Object.fromEntries(resolveTags(machines)), {
      all: ["galena", "pyrite", "stibnite"],
      darwin: ["stibnite"],
      gcp: ["galena"],
      nixos: ["galena", "pyrite"],
      peer: ["galena", "pyrite"],
    });
    assert.deepEqual(resolveTags(new Map()).get("darwin"), []);
  });

  it("takes tags that the inventory gives to machines beside those that they state", () => {
    assert.deepEqual(resolveTags(machines, { gcp: ["pyrite"] }).get("gcp"), ["galena", "pyrite"]);
  });

  it("makes members of machines by name and by tag", () => {
    const tags = resolveTags(machines);
    assert.deepEqual(resolveMembers({ machines: ["stibnite", "galena"], tags: ["peer"] }, tags), [
      "galena",
      "pyrite",
      "stibnite",
    ]);
    assert.deepEqual(resolveMembers({ machines: [], tags: ["peers"] }, tags), []);
  });

  it("is the union, whatever the assignment", () => {
    const names = [...machines.keys()];
    const tags = resolveTags(machines);
    fc.assert(
      fc.property(fc.subarray(names), fc.subarray([...tags.keys()]), (byName, byTag) => {
        const members = resolveMembers({ machines: byName, tags: byTag }, tags);
        const expected = names.filter(
          (name) => byName.includes(name) || byTag.some((tag) => tags.get(tag)?.includes(name)),
        );
        assert.deepEqual(members, expected.sort());
      }),
    );
  });
});
