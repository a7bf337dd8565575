import { isIP } from "node:net";

/** What of a node decides whether Compute Engine can make it. */
export interface NodeShape {
  readonly machineType: string;
  readonly zones: readonly string[];
  readonly accelerators: readonly { readonly type: string }[];
  readonly onHostMaintenance: "MIGRATE" | "TERMINATE";
  readonly labels: Readonly<Record<string, string>>;
  readonly sshSources: readonly string[];
  readonly serviceAccount: { readonly email: string | null; readonly scopes: readonly string[] } | null;
}

/** One reason why no zone could make it. */
export interface ShapeProblem {
  /** Key of the node that has to change. */
  readonly key: keyof NodeShape;
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/**
 * GPU → the one machine family that takes it. What is not here is left to Google.
 * Source: Compute Engine documentation, "GPU machine types" and "GPU platforms".
 */
const familyOf: ReadonlyMap<string, string> = new Map([
  ["nvidia-tesla-t4", "n1"],
  ["nvidia-tesla-p4", "n1"],
  ["nvidia-tesla-p100", "n1"],
  ["nvidia-tesla-v100", "n1"],
  ["nvidia-l4", "g2"],
]);

/** Google's 64, without the machine's own label and the one of Google's Pulumi provider. */
const mostLabels = 62;
export const machineLabel = "pulumi-clan-machine";

/** Looks before any call is made: Google refuses these only once address and firewall are there. */
export function shapeProblems(node: NodeShape): ShapeProblem[] {
  return [
    ...zoneProblems(node),
    ...acceleratorProblems(node),
    ...labelProblems(node),
    ...sourceProblems(node),
    ...accountProblems(node),
  ];
}

function zoneProblems({ zones }: NodeShape): ShapeProblem[] {
  const wrongZones = zones.filter((zone) => !/^[a-z]+-[a-z]+\d+-[a-z]$/.test(zone));
  return wrongZones.map((found) => ({
    key: "zones",
    what: `${found} is no zone`,
    expected: "a region and a letter, e.g. us-central1-b",
    found,
  }));
}

function acceleratorProblems({ machineType, accelerators, onHostMaintenance }: NodeShape): ShapeProblem[] {
  const problems: ShapeProblem[] = [];
  for (const { type } of accelerators) {
    const family = familyOf.get(type);
    if (family === undefined || machineType.startsWith(`${family}-`)) continue;
    const what = `${type} cannot be attached to ${machineType}`;
    problems.push({ key: "machineType", what, expected: `a machine type of the family ${family}`, found: machineType });
  }
  if (accelerators.length > 0 && onHostMaintenance !== "TERMINATE") {
    const what = "a VM with a GPU cannot move to another host while it runs";
    problems.push({ key: "onHostMaintenance", what, expected: "TERMINATE", found: onHostMaintenance });
  }
  return problems;
}

/** Source: Compute Engine documentation, "Requirements for labels": letters of any script that have no upper case count. */
function labelProblems({ labels }: NodeShape): ShapeProblem[] {
  const problems: ShapeProblem[] = [];
  for (const [name, value] of Object.entries(labels)) {
    const found = `${name}: ${JSON.stringify(value)}`;
    if (name === machineLabel) {
      const what = `the label ${name} says which machine runs on the VM, and is set by itself`;
      problems.push({ key: "labels", what, expected: "another name", found });
    } else if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(name)) {
      const expected = "1 to 63 lower case letters, digits, - and _, a letter first";
      problems.push({ key: "labels", what: `${name} is no name of a label`, expected, found });
    } else if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)) {
      const expected = "at most 63 lower case letters, digits, - and _";
      problems.push({ key: "labels", what: `the label ${name} has no value that Google takes`, expected, found });
    }
  }
  const count = Object.keys(labels).length;
  if (count > mostLabels) {
    const what = "a VM has no place for so many labels";
    problems.push({ key: "labels", what, expected: `${mostLabels} at most`, found: String(count) });
  }
  return problems;
}

function sourceProblems({ sshSources }: NodeShape): ShapeProblem[] {
  const wrong = sshSources.filter((source) => !isRange(source));
  return wrong.map((found) => ({
    key: "sshSources",
    what: `${JSON.stringify(found)} is no range of addresses`,
    expected: "CIDR, e.g. 203.0.113.0/24, or 203.0.113.7/32 for one address",
    found,
  }));
}

function isRange(text: string): boolean {
  const [, address = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

function accountProblems({ serviceAccount }: NodeShape): ShapeProblem[] {
  if (serviceAccount === null) return [];
  const problems: ShapeProblem[] = [];
  const { email, scopes } = serviceAccount;
  if (email !== null && !/^[a-z0-9.-]+@[a-z0-9.-]+\.gserviceaccount\.com$/.test(email)) {
    const expected = "NAME@PROJECT.iam.gserviceaccount.com, or none for one of its own";
    problems.push({ key: "serviceAccount", what: "that is no service account", expected, found: email });
  }
  if (scopes.length === 0) {
    const what = "a service account without scopes may do nothing";
    problems.push({ key: "serviceAccount", what, expected: 'one at least, e.g. "cloud-platform"', found: "[ ]" });
  }
  return problems;
}
