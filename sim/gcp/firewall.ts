import { shortName } from "./catalogue.ts";
import { changeEntry, makeEntry, plainEntry } from "./cloud-entry.ts";
import { GoogleApiError } from "./errors.ts";
import { type Properties, textAt } from "./property-values.ts";
import type { ResourceKind } from "./resource-kind.ts";

/** `gcp.compute.Firewall`: recorded and checked, not enforced: every simulated host has its own link to the operator. */
export const firewall: ResourceKind = {
  token: "gcp:compute/firewall:Firewall",
  computed: ["creationTimestamp", "selfLink"],
  replaceOn: ["name", "network", "project", "direction"],

  check(news, { settings }) {
    const project = news["project"] ?? settings.project ?? null;
    const failures = [];
    if (project === null)
      failures.push({ property: "project", reason: "project: required field is not set; set gcp:project" });
    if (news["network"] === undefined) failures.push({ property: "network", reason: "Missing required argument" });
    if (news["allows"] !== undefined && news["denies"] !== undefined) {
      failures.push({ property: "denies", reason: '"deny": conflicts with allow' });
    }
    return { inputs: { ...news, project }, failures };
  },

  async create(inputs, context) {
    const [project = "", name = ""] = [textAt(inputs, "project"), textAt(inputs, "name")];
    const id = `projects/${project}/global/firewalls/${name}`;
    validateRules("Error creating Firewall", inputs);
    return makeEntry({ token: firewall.token, id, what: "Firewall", inputs }, context, () =>
      outputsOf(inputs, id, new Date().toISOString()),
    );
  },

  async update(id, _olds, inputs, context) {
    validateRules("Error updating Firewall", inputs);
    return changeEntry(
      { token: firewall.token, id, what: "Firewall", inputs },
      context,
      (found) => outputsOf(inputs, id, found.outputs["creationTimestamp"] as string), // written by create
    );
  },

  ...plainEntry(),
};

function validateRules(during: string, inputs: Properties): void {
  const sources = ["sourceRanges", "sourceTags", "sourceServiceAccounts"].some((key) => inputs[key] !== undefined);
  if (inputs["direction"] !== "EGRESS" && !sources) {
    const message = "one of source_tags, source_ranges, or source_service_accounts must be defined";
    throw new GoogleApiError(during, 400, message, "invalid");
  }
  for (const range of Array.isArray(inputs["sourceRanges"]) ? inputs["sourceRanges"] : []) {
    if (typeof range === "string" && /^[0-9a-f.:]+\/\d{1,3}$/i.test(range)) continue;
    const message = `Invalid value for field 'resource.sourceRanges[0]': '${String(range)}'. Must be a valid CIDR address range.`;
    throw new GoogleApiError(during, 400, message, "invalid");
  }
}

function outputsOf(inputs: Properties, id: string, creationTimestamp: string): Properties {
  const project = textAt(inputs, "project");
  return {
    direction: "INGRESS",
    priority: 1000,
    disabled: false,
    ...inputs,
    destinationRanges: inputs["destinationRanges"] ?? [],
    network: `https://www.googleapis.com/compute/v1/projects/${project}/global/networks/${shortName(textAt(inputs, "network") ?? "")}`,
    creationTimestamp,
    selfLink: `https://www.googleapis.com/compute/v1/${id}`,
  };
}
