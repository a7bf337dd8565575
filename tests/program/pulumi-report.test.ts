import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { FleetError } from "../../errors.ts";
import { rendered } from "../../program/pulumi-report.ts";

class KnownError extends FleetError {
  readonly code = "FLEET_KNOWN";
}

/** What Pulumi is given to show. */
async function thrown(error: unknown): Promise<unknown> {
  try {
    await rendered(() => Promise.reject(error));
  } catch (given) {
    return given;
  }
  return assert.fail("nothing was thrown");
}

describe("an error of a program", () => {
  it("of ours is its text alone: Pulumi shows a RunError without a stack", async () => {
    const error = new KnownError({
      summary: "galena: no",
      expected: "yes",
      found: "no",
      at: "fleet.ts:1",
      fix: "say yes",
    });
    const given = await thrown(error);
    assert.ok(pulumi.RunError.isInstance(given));
    assert.equal(given.message, error.message);
  });

  it("that nobody thought of says so, and how the trace is had", async () => {
    const given = await thrown(new TypeError("x is undefined"));
    assert.ok(pulumi.RunError.isInstance(given));
    assert.match(given.message, /^x is undefined\n {2}fix: {6}this is a bug of pulumi-clan.*PULUMI_CLAN_DEBUG=1/);
  });

  it("is left to Pulumi where that has its own words for it", async () => {
    const cancelled = Object.assign(new Error("1 CANCELLED"), { code: 1 });
    for (const error of [new pulumi.RunError("no"), new pulumi.ResourceError("no", undefined), cancelled])
      assert.equal(await thrown(error), error);
  });
});
