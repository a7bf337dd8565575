import type { HostSpec } from "../hosts/host-spec.ts";
import { isRegion } from "./catalogue.ts";
import type { Cloud } from "./cloud.ts";
import { changeEntry, makeEntry, plainEntry } from "./cloud-entry.ts";
import { GoogleApiError } from "./errors.ts";
import { type Properties, textAt } from "./property-values.ts";
import type { ResourceKind } from "./resource-kind.ts";

/** `gcp.compute.Address`: one named after a machine (`galena`, `galena-address`) is that machine's fixed address. */
export const address: ResourceKind = {
  token: "gcp:compute/address:Address",
  computed: [
    "address",
    "addressId",
    "creationTimestamp",
    "effectiveLabels",
    "labelFingerprint",
    "pulumiLabels",
    "selfLink",
    "users",
  ],
  replaceOn:
    "name project region address addressType description network networkTier purpose subnetwork ipVersion".split(" "),

  check(news, { settings }) {
    const project = news["project"] ?? settings.project ?? null;
    const region = news["region"] ?? settings.region ?? settings.zone?.slice(0, -2) ?? null;
    const failures = [];
    if (project === null)
      failures.push({ property: "project", reason: "project: required field is not set; set gcp:project" });
    if (region === null)
      failures.push({ property: "region", reason: "region: required field is not set; set gcp:region" });
    return { inputs: { ...news, project, region }, failures };
  },

  async create(inputs, context) {
    const [project = "", region = "", name = ""] = [
      textAt(inputs, "project"),
      textAt(inputs, "region"),
      textAt(inputs, "name"),
    ];
    const id = `projects/${project}/regions/${region}/addresses/${name}`;
    if (!isRegion(region)) {
      const message = `Unknown region: projects/${project}/regions/${region}`;
      throw new GoogleApiError("Error creating Address", 404, message, "notFound");
    }
    return makeEntry({ token: address.token, id, what: "Address", inputs }, context, (number, cloud) =>
      outputsOf(inputs, { id, number, given: freeAddress(cloud, context.machines, inputs, name) }),
    );
  },

  async update(id, _olds, inputs, context) {
    return changeEntry({ token: address.token, id, what: "Address", inputs }, context, ({ outputs }) => ({
      ...outputs,
      ...inputs,
      ...labelOutputs(inputs),
    }));
  },

  ...plainEntry(),
};

function freeAddress(cloud: Cloud, machines: readonly HostSpec[], inputs: Properties, name: string): string {
  const asked = textAt(inputs, "address");
  if (asked !== undefined) return asked;
  const machine = machines.find((host) => name === host.name || name.startsWith(`${host.name}-`));
  const taken = new Set(Object.values(cloud.resources).map(({ outputs }) => outputs["address"]));
  if (machine !== undefined && !taken.has(machine.address)) return machine.address;
  // TEST-NET-3 (RFC 5737): addresses that no simulated host answers at.
  for (let last = 1; last < 255; last++) if (!taken.has(`203.0.113.${last}`)) return `203.0.113.${last}`;
  throw new GoogleApiError(
    "Error creating Address",
    403,
    "Quota 'STATIC_ADDRESSES' exceeded.  Limit: 254.0",
    "quotaExceeded",
  );
}

function outputsOf(
  inputs: Properties,
  { id, number, given }: { id: string; number: number; given: string },
): Properties {
  return {
    addressType: "EXTERNAL",
    networkTier: "PREMIUM",
    ...inputs,
    ...labelOutputs(inputs),
    address: given,
    addressId: number,
    creationTimestamp: new Date().toISOString(),
    ipVersion: inputs["ipVersion"] ?? "",
    prefixLength: 0,
    purpose: inputs["purpose"] ?? "",
    selfLink: `https://www.googleapis.com/compute/v1/${id}`,
    subnetwork: inputs["subnetwork"] ?? "",
    users: [],
  };
}

function labelOutputs(inputs: Properties): Properties {
  const labels = inputs["labels"];
  const shown = { ...(typeof labels === "object" && labels !== null ? labels : {}), "goog-pulumi-provisioned": "true" };
  return {
    effectiveLabels: shown,
    pulumiLabels: shown,
    labelFingerprint: Buffer.from(JSON.stringify(shown)).toString("base64url").slice(-11),
  };
}
