/** What of a node decides whether Compute Engine can make it. */
export interface NodeShape {
  readonly machineType: string;
  readonly zones: readonly string[];
  readonly accelerators: readonly { readonly type: string }[];
  readonly onHostMaintenance: "MIGRATE" | "TERMINATE";
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

/** Looks before any call is made: Google refuses these only once address and firewall are there. */
export function shapeProblems({ machineType, zones, accelerators, onHostMaintenance }: NodeShape): ShapeProblem[] {
  const wrongZones = zones.filter((zone) => !/^[a-z]+-[a-z]+\d+-[a-z]$/.test(zone));
  const problems: ShapeProblem[] = wrongZones.map((found) => ({
    key: "zones",
    what: `${found} is no zone`,
    expected: "a region and a letter, e.g. us-central1-b",
    found,
  }));
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
