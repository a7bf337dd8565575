import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ownerSchema } from "../../../deploy/activation/transaction.ts";

describe("whom a host says it belongs to", () => {
  it("is a name on one line, and no word to a terminal", () => {
    const owner = { project: "fleet", stack: "core", machine: "galena" };
    assert.equal(ownerSchema.safeParse(owner).success, true);
    for (const project of ["a\nb", "\u001b[2J", "", "x".repeat(201)])
      assert.equal(ownerSchema.safeParse({ ...owner, project }).success, false, JSON.stringify(project));
  });
});
