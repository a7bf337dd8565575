import { GoogleApiError } from "./errors.ts";
import { objectAt, objectsAt, type Properties, textAt } from "./property-values.ts";

/** Zones of the simulated cloud: a part of Google's, with their real letters. */
const zonesByRegion: Readonly<Record<string, string>> = {
  "us-central1": "abcf",
  "us-east1": "bcd",
  "us-east4": "abc",
  "us-west1": "abc",
  "europe-west1": "bcd",
  "europe-west3": "abc",
  "europe-west4": "abc",
};

const zonesWithT4 = new Set([
  ..."us-central1-a us-central1-b us-central1-c us-central1-f us-east1-c us-east1-d us-east4-b us-west1-a us-west1-b".split(
    " ",
  ),
  ..."europe-west1-b europe-west1-c europe-west1-d europe-west3-b europe-west4-a europe-west4-b europe-west4-c".split(
    " ",
  ),
]);

const sizes: Readonly<Record<string, readonly number[]>> = {
  e2: [2, 4, 8, 16, 32],
  n1: [1, 2, 4, 8, 16, 32, 64, 96],
  n2: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128],
  n2d: [2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224],
  c3: [4, 8, 22, 44, 88, 176],
  g2: [4, 8, 12, 16, 24, 32, 48, 96],
};

const sharedCore = new Set(["e2-micro", "e2-small", "e2-medium", "f1-micro", "g1-small"]);

export function isZone(zone: string): boolean {
  return (zonesByRegion[zone.slice(0, -2)] ?? "").includes(zone.slice(-1)) && zone.at(-2) === "-";
}

export function isRegion(region: string): boolean {
  return Object.hasOwn(zonesByRegion, region);
}

/** `us-central1-b` is in `us-central1`. */
export function regionOf(zone: string): string {
  return zone.slice(0, -2);
}

function isMachineType(name: string): boolean {
  if (sharedCore.has(name)) return true;
  const [, family = "", kind = "", count = ""] = /^([a-z]\d[a-z]?)-(standard|highmem|highcpu)-(\d+)$/.exec(name) ?? [];
  if (family === "e2" && kind !== "standard" && count === "32") return false;
  return (sizes[family] ?? []).includes(Number(count));
}

/** The last part of a name that may also be given as a link. */
export function shortName(link: string): string {
  return link.slice(link.lastIndexOf("/") + 1);
}

/**
 * What the API looks at before it creates an instance or changes its shape.
 * Texts: as users of google_compute_instance reported them for the real API.
 * @throws {GoogleApiError}
 */
export function validateShape(during: string, project: string, zone: string, inputs: Properties): void {
  const refuse = (status: number, message: string, reason: string): never => {
    throw new GoogleApiError(during, status, message, reason);
  };
  if (!isZone(zone)) refuse(404, `Unknown zone: projects/${project}/zones/${zone}`, "notFound");
  const machineType = shortName(textAt(inputs, "machineType") ?? "");
  const machineTypeLink = `projects/${project}/zones/${zone}/machineTypes/${machineType}`;
  if (!isMachineType(machineType)) {
    const field = `Invalid value for field 'resource.machineType': '${machineTypeLink}'.`;
    refuse(400, `${field} The referenced resource does not exist.`, "invalid");
  }
  for (const accelerator of objectsAt(inputs, "guestAccelerators")) {
    const type = shortName(textAt(accelerator, "type") ?? "");
    if (type !== "nvidia-tesla-t4" || !zonesWithT4.has(zone)) {
      const link = `projects/${project}/zones/${zone}/acceleratorTypes/${type}`;
      const field = `Invalid value for field 'resource.guestAccelerators[0].acceleratorType': '${link}'.`;
      refuse(400, `${field} The referenced resource does not exist.`, "invalid");
    }
    if (!machineType.startsWith("n1-")) {
      refuse(400, `[${machineType}, ${type}] features are not compatible for creating instance.`, "badRequest");
    }
    if (textAt(objectAt(inputs, "scheduling"), "onHostMaintenance") !== "TERMINATE") {
      refuse(400, "Instances with guest accelerators do not support live migration.", "badRequest");
    }
  }
}
