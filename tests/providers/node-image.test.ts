import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { NodeImageError } from "../../cloud/gcp/errors.ts";
import * as nodeImage from "../../providers/node-image.impl.ts";
import type { NodeImageInputs } from "../../providers/node-image-schema.ts";

const inputs: NodeImageInputs = {
  machine: "galena",
  bucket: "minerals-lab-galena-image",
  build: null,
  owner: { project: "fleet", stack: "burst" },
  reportTo: "urn:of-the-node",
};
const state = {
  ...inputs,
  object: "galena-x.raw.tar.gz",
  source: "https://storage.googleapis.com/b/galena-x.raw.tar.gz",
};

describe("the image of a machine's own system, as a resource", () => {
  it("is made once: another system is no change of it, another bucket is another image", async () => {
    const path = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-google-compute-image";
    const news = { ...inputs, build: { drvPath: `${path}.drv`, image: path } } as NodeImageInputs; // a store path, by its form
    assert.deepEqual(await nodeImage.diff("id", state, news), { changes: false });
    const elsewhere = await nodeImage.diff("id", state, { ...news, bucket: "other" });
    assert.deepEqual(elsewhere, { changes: true, replaces: ["bucket"] });
  });

  it("is not made for a VM that is there: what it booted is lost, and said to be", async () => {
    await assert.rejects(nodeImage.create(inputs), NodeImageError);
  });
});
