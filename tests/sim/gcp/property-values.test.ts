import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { changesBetween, type Properties } from "../../../sim/gcp/property-values.ts";

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.boolean(),
    fc.string(),
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
  ),
}));
const inputs = fc.dictionary(fc.stringMatching(/^[a-z][a-zA-Z]{0,8}$/), value) as fc.Arbitrary<Properties>;

describe("changes between two sets of inputs", () => {
  it("are none between a set and itself", () => {
    fc.assert(fc.property(inputs, (some) => assert.deepEqual(changesBetween(some, structuredClone(some)), [])));
  });

  it("turn additions into deletions when they are read backwards", () => {
    const mirrored = { add: "delete", delete: "add", update: "update" } as const;
    fc.assert(
      fc.property(inputs, inputs, (one, other) => {
        const backwards = changesBetween(other, one).map((change) => ({ ...change, kind: mirrored[change.kind] }));
        assert.deepEqual(changesBetween(one, other), backwards);
      }),
    );
  });

  it("name the exact place", () => {
    const olds = {
      bootDisk: { initializeParams: { size: 20 } },
      labels: { a: "1", "b.c": "2" },
      tags: ["x"],
      zone: "a",
    };
    const news = { bootDisk: { initializeParams: { size: 30 } }, labels: { a: "1", "b.c": "3" }, tags: ["x", "y"] };
    assert.deepEqual(changesBetween(olds, news), [
      { path: "bootDisk.initializeParams.size", kind: "update", property: "bootDisk" },
      { path: 'labels["b.c"]', kind: "update", property: "labels" },
      { path: "tags[1]", kind: "add", property: "tags" },
      { path: "zone", kind: "delete", property: "zone" },
    ]);
  });
});
