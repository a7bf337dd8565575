import { regionOf, shortName } from "./catalogue.ts";
import { fingerprintOf as fingerprint } from "./instance-metadata.ts";
import type { InstanceStatus } from "./instance-power.ts";
import { objectAt, objectsAt, type Properties, textAt } from "./property-values.ts";

/** Source: terraform-provider-google, google_compute_instance, `shielded_instance_config`. */
export const shieldedDefaults = { enableIntegrityMonitoring: true, enableSecureBoot: false, enableVtpm: true };
const api = "https://www.googleapis.com/compute/v1";

export interface InstanceFacts {
  /** Counts the resources of the cloud; gives ids and addresses that no other instance has. */
  readonly number: number;
  /** Address of the simulated host behind the instance. */
  readonly hostAddress: string | undefined;
  readonly status: InstanceStatus;
  /** Outputs before an update: identity and creation time stay. */
  readonly previous?: Properties;
}

/** Outputs of an instance, shaped as the real provider gives them. Source: @pulumi/gcp 9.37, compute/instance.d.ts. */
export function instanceOutputs(inputs: Properties, facts: InstanceFacts): Properties {
  const [project = "", zone = "", name = ""] = [
    textAt(inputs, "project"),
    textAt(inputs, "zone"),
    textAt(inputs, "name"),
  ];
  const labels = objectAt(inputs, "labels");
  const shown = { ...labels, "goog-pulumi-provisioned": "true" };
  const outputs: Properties = {
    ...inputs,
    bootDisk: bootDisk(objectAt(inputs, "bootDisk"), { project, zone, name }),
    networkInterfaces: objectsAt(inputs, "networkInterfaces").map((nic, index) =>
      networkInterface(nic, index, { project, zone }, facts),
    ),
    scheduling: {
      automaticRestart: true,
      onHostMaintenance: "MIGRATE",
      preemptible: false,
      provisioningModel: "STANDARD",
      ...objectAt(inputs, "scheduling"),
    },
    guestAccelerators: objectsAt(inputs, "guestAccelerators").map((item) => ({
      ...item,
      type: shortName(textAt(item, "type") ?? ""),
    })),
    shieldedInstanceConfig: { ...shieldedDefaults, ...objectAt(inputs, "shieldedInstanceConfig") },
    canIpForward: inputs["canIpForward"] ?? false,
    deletionProtection: inputs["deletionProtection"] ?? false,
    effectiveLabels: shown,
    pulumiLabels: shown,
    labelFingerprint: fingerprint(shown),
    metadataFingerprint: fingerprint(inputs["metadata"] ?? {}),
    tagsFingerprint: fingerprint(inputs["tags"] ?? []),
    minCpuPlatform: inputs["minCpuPlatform"] ?? "",
    creationTimestamp: facts.previous?.["creationTimestamp"] ?? new Date().toISOString(),
    instanceId:
      facts.previous?.["instanceId"] ?? String(4_000_000_000_000_000_000n + BigInt(facts.number) * 7_919_000_000_003n),
    selfLink: `${api}/projects/${project}/zones/${zone}/instances/${name}`,
  };
  return withStatus(outputs, facts.status);
}

/** The outputs that follow the instance's power. */
export function withStatus(outputs: Properties, status: InstanceStatus): Properties {
  const family = (textAt(outputs, "machineType") ?? "").split("-")[0];
  const cpuPlatform =
    status === "TERMINATED" ? "Unknown CPU Platform" : family === "n1" ? "Intel Haswell" : "Intel Broadwell";
  return { ...outputs, currentStatus: status, cpuPlatform };
}

function bootDisk(
  disk: Properties,
  { project, zone, name }: { project: string; zone: string; name: string },
): Properties {
  const parameters = objectAt(disk, "initializeParams");
  const image = textAt(parameters, "image") ?? "";
  return {
    autoDelete: true,
    deviceName: "persistent-disk-0",
    mode: "READ_WRITE",
    source: `${api}/projects/${project}/zones/${zone}/disks/${name}`,
    ...disk,
    initializeParams: {
      labels: {},
      type: "pd-standard",
      size: 10,
      ...parameters,
      image: image.includes("://")
        ? image
        : `${api}/projects/${image.replace(/^([^/]+)\/([^/]+)$/, "$1/global/images/family/$2")}`,
    },
  };
}

function networkInterface(
  nic: Properties,
  index: number,
  { project, zone }: { project: string; zone: string },
  facts: InstanceFacts,
): Properties {
  const network = shortName(textAt(nic, "network") ?? "default");
  const previous = objectsAt(facts.previous ?? {}, "networkInterfaces")[index] ?? {};
  return {
    ...nic,
    name: `nic${index}`,
    network: `${api}/projects/${project}/global/networks/${network}`,
    subnetwork: `${api}/projects/${project}/regions/${regionOf(zone)}/subnetworks/${network}`,
    subnetworkProject: project,
    stackType: "IPV4_ONLY",
    networkIp: previous["networkIp"] ?? `10.128.0.${1 + (facts.number % 250)}`,
    accessConfigs: objectsAt(nic, "accessConfigs").map((access) => ({
      ...access,
      // An ephemeral address is given back while the instance is stopped.
      natIp: textAt(access, "natIp") ?? (facts.status === "RUNNING" ? ephemeralAddress(facts) : ""),
      networkTier: access["networkTier"] ?? "PREMIUM",
    })),
  };
}

function ephemeralAddress({ hostAddress, number }: InstanceFacts): string {
  return hostAddress ?? `203.0.113.${1 + (number % 250)}`;
}
