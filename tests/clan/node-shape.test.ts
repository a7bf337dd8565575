import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type NodeShape, shapeProblems } from "../../clan/node-shape.ts";

const gpu: NodeShape = {
  machineType: "n1-standard-8",
  zones: ["us-central1-f", "us-central1-b"],
  accelerators: [{ type: "nvidia-tesla-t4" }],
  onHostMaintenance: "TERMINATE",
};
const plain: NodeShape = { ...gpu, machineType: "e2-standard-8", accelerators: [], onHostMaintenance: "MIGRATE" };

describe("the shape of a node", () => {
  it("is fine for a T4 on N1 that ends for maintenance, and for a VM without a GPU", () => {
    assert.deepEqual([shapeProblems(gpu), shapeProblems(plain)], [[], []]);
  });

  it("is refused where the machine's family does not take the GPU", () => {
    assert.deepEqual(shapeProblems({ ...gpu, machineType: "e2-standard-8" }), [
      {
        key: "machineType",
        what: "nvidia-tesla-t4 cannot be attached to e2-standard-8",
        expected: "a machine type of the family n1",
        found: "e2-standard-8",
      },
    ]);
  });

  it("is refused with a GPU that would have to move for maintenance", () => {
    const problems = shapeProblems({ ...gpu, onHostMaintenance: "MIGRATE" });
    assert.deepEqual(
      problems.map(({ key, found }) => [key, found]),
      [["onHostMaintenance", "MIGRATE"]],
    );
  });

  it("is refused in a region without a zone's letter, every such candidate by itself", () => {
    const problems = shapeProblems({ ...plain, zones: ["us-central1", "us-central1-b", "b"] });
    assert.deepEqual(
      problems.map(({ found }) => found),
      ["us-central1", "b"],
    );
  });

  it("of a GPU that is not known here is left to Google", () => {
    assert.deepEqual(shapeProblems({ ...gpu, machineType: "a9-ultra-8", accelerators: [{ type: "nvidia-x1" }] }), []);
  });
});
