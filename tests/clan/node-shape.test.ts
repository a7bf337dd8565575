import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type NodeShape, shapeProblems } from "../../clan/node-shape.ts";

const gpu: NodeShape = {
  machineType: "n1-standard-8",
  zones: ["us-central1-f", "us-central1-b"],
  accelerators: [{ type: "nvidia-tesla-t4" }],
  onHostMaintenance: "TERMINATE",
  labels: { fleet: "minerals" },
  sshSources: ["203.0.113.0/24", "2001:db8::/32"],
  serviceAccount: null,
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

  it("is refused with a label that Google would not take, or that is ours", () => {
    const labels = { Fleet: "minerals", owner: "Tara S.", "pulumi-clan-machine": "galena", größe: "l", empty: "" };
    assert.deepEqual(
      shapeProblems({ ...plain, labels }).map(({ key, what, found }) => [key, what, found]),
      [
        ["labels", "Fleet is no name of a label", 'Fleet: "minerals"'],
        ["labels", "the label owner has no value that Google takes", 'owner: "Tara S."'],
        [
          "labels",
          "the label pulumi-clan-machine says which machine runs on the VM, and is set by itself",
          'pulumi-clan-machine: "galena"',
        ],
      ],
    );
    const many = Object.fromEntries(Array.from({ length: 63 }, (_, nth) => [`label-${nth}`, ""]));
    assert.deepEqual(
      shapeProblems({ ...plain, labels: many }).map(({ expected, found }) => [expected, found]),
      [["62 at most", "63"]],
    );
  });

  it("is refused with a source that is no range: one address has all its bits", () => {
    const sshSources = ["203.0.113.7", "203.0.113.7/32", "203.0.113.0/33", "office", "2001:db8::/129", "::/0"];
    assert.deepEqual(
      shapeProblems({ ...plain, sshSources }).map(({ found }) => found),
      ["203.0.113.7", "203.0.113.0/33", "office", "2001:db8::/129"],
    );
  });

  it("is refused with a service account that is none, or that may do nothing", () => {
    const wrong = shapeProblems({ ...plain, serviceAccount: { email: "tara@example.org", scopes: [] } });
    assert.deepEqual(
      wrong.map(({ key, what }) => [key, what]),
      [
        ["serviceAccount", "that is no service account"],
        ["serviceAccount", "a service account without scopes may do nothing"],
      ],
    );
    const email = "backup@minerals-lab.iam.gserviceaccount.com";
    assert.deepEqual(shapeProblems({ ...plain, serviceAccount: { email, scopes: ["cloud-platform"] } }), []);
  });
});
