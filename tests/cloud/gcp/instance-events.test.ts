import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { InstanceEvent } from "../../../cloud/gcp/compute-api.ts";
import { renderEnding } from "../../../cloud/gcp/instance-events.ts";

const event = (type: string, user?: string, at?: string): InstanceEvent => ({ type, user, at });

describe("how a VM came to be off, on or gone", () => {
  it("is the last operation that led there, with who and when in UTC", () => {
    const events = [
      event("setMetadata", "ops@fleet.example", "2026-11-23T23:00:00Z"),
      event("stop", "ops@fleet.example", "2026-11-23T15:10:59.123-07:00"),
      event("start", "ops@fleet.example", "2026-11-23T08:00:00Z"),
    ];
    assert.equal(renderEnding("off", events), "stopped by ops@fleet.example at 2026-11-23 22:10 UTC");
    assert.equal(renderEnding("on", events), "started by ops@fleet.example at 2026-11-23 08:00 UTC");
    assert.equal(renderEnding("gone", events), undefined);
  });

  it("is Google itself where it says so, and only what is known where it says little", () => {
    assert.equal(
      renderEnding("off", [event("compute.instances.preempted", "system@google.com")]),
      "preempted by Google",
    );
    assert.equal(renderEnding("gone", [event("delete", undefined, "yesterday")]), "deleted");
    assert.equal(renderEnding("off", [event("constructor")]), undefined);
  });
});
