import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { validateShape } from "../../../sim/gcp/catalogue.ts";
import type { Properties } from "../../../sim/gcp/property-values.ts";

const during = "Error creating instance";
const t4 = { guestAccelerators: [{ type: "nvidia-tesla-t4", count: 1 }] };
const terminate = { scheduling: { onHostMaintenance: "TERMINATE" } };

function refusal(zone: string, inputs: Properties): string {
  try {
    validateShape(during, "p", zone, inputs);
    return "none";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("shape of an instance", () => {
  it("is accepted for the two nodes of the example fleet", () => {
    assert.equal(refusal("us-central1-b", { machineType: "e2-standard-8" }), "none");
    assert.equal(refusal("us-central1-b", { machineType: "n1-standard-8", ...t4, ...terminate }), "none");
  });

  it("is refused in Google's words", () => {
    const at = "projects/p/zones/us-central1-b";
    assert.equal(
      refusal("us-central1-e", { machineType: "e2-small" }),
      `${during}: googleapi: Error 404: Unknown zone: projects/p/zones/us-central1-e, notFound`,
    );
    assert.equal(
      refusal("us-central1-b", { machineType: "e2-standard-7" }),
      `${during}: googleapi: Error 400: Invalid value for field 'resource.machineType': '${at}/machineTypes/e2-standard-7'. The referenced resource does not exist., invalid`,
    );
    assert.equal(
      refusal("us-central1-b", { machineType: "e2-standard-8", ...t4, ...terminate }),
      `${during}: googleapi: Error 400: [e2-standard-8, nvidia-tesla-t4] features are not compatible for creating instance., badRequest`,
    );
    assert.equal(
      refusal("us-central1-b", { machineType: "n1-standard-8", ...t4 }),
      `${during}: googleapi: Error 400: Instances with guest accelerators do not support live migration., badRequest`,
    );
    assert.match(
      refusal("us-east4-c", { machineType: "n1-standard-8", ...t4, ...terminate }),
      /acceleratorTypes\/nvidia-tesla-t4'\. The referenced resource does not exist\./,
    );
  });
});
