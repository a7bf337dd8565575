import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { formerOwners, stillFormerOwners } from "../../providers/former-owners.ts";

const owner = (stack: string) => ({ project: "fleet", stack });
const [core, burst, lab] = [owner("core"), owner("burst"), owner("lab")];

describe("the stack that a machine was moved from", () => {
  it("is the owner that the moved state names, and none where nothing was moved", () => {
    assert.deepEqual(formerOwners({ owner: core }, burst), [core]);
    assert.deepEqual(formerOwners({ owner: burst, formerOwners: [] }, burst), []);
    assert.deepEqual(formerOwners(undefined, burst), []);
    assert.deepEqual(formerOwners({ owner: "core", formerOwners: 1 }, burst), [], "a state of another form");
  });

  it("is remembered over every move until the host is taken over, and never the stack's own", () => {
    assert.deepEqual(formerOwners({ owner: burst, formerOwners: [core] }, burst), [core], "the node was off");
    assert.deepEqual(formerOwners({ owner: burst, formerOwners: [core] }, lab), [core, burst]);
    assert.deepEqual(formerOwners({ owner: burst, formerOwners: [core] }, core), [burst], "moved back");
  });

  it("is forgotten as soon as the host carries another mark than theirs", () => {
    assert.deepEqual(stillFormerOwners([core], burst), []);
    assert.deepEqual(stillFormerOwners([core], core), [core]);
    assert.deepEqual(stillFormerOwners([core], undefined), [core], "it was not seen");
  });
});
