import { isZone, regionOf, shortName, validateShape } from "./catalogue.ts";
import { changeCloud, readCloud } from "./cloud.ts";
import { GoogleApiError } from "./errors.ts";
import { applyFaults } from "./faults.ts";
import { instanceOutputs, shieldedDefaults, withStatus } from "./instance-outputs.ts";
import { discard, hostOf, setStatus, statusOf, wantedStatus } from "./instance-power.ts";
import { isUnknown, objectAt, objectsAt, type Properties, textAt } from "./property-values.ts";
import type { Context, Failure, ResourceKind } from "./resource-kind.ts";

/** Properties that change only while the instance is stopped. Source: terraform-provider-google, google_compute_instance. */
const changedWhileStopped = [
  "machineType",
  "minCpuPlatform",
  "serviceAccount",
  "enableDisplay",
  "shieldedInstanceConfig",
];

/** `gcp.compute.Instance`: behind an instance of the example fleet's machines runs a simulated host. */
export const instance: ResourceKind = {
  token: "gcp:compute/instance:Instance",
  computed: [
    ..."cpuPlatform creationTimestamp currentStatus effectiveLabels instanceId labelFingerprint metadataFingerprint".split(
      " ",
    ),
    ..."networkInterfaces pulumiLabels selfLink tagsFingerprint".split(" "),
  ],
  replaceOn: [
    ..."name zone project hostname canIpForward metadataStartupScript guestAccelerators bootDisk scratchDisks".split(
      " ",
    ),
    "networkInterfaces[0].network",
  ],
  check: checkInstance,
  create: createInstance,
  update: updateInstance,

  async read(id, context) {
    const { state } = context;
    const found = (await readCloud(state)).resources[id];
    if (found === undefined) return undefined;
    const status = await statusOf(context, found.inputs, wantedStatus(found.inputs));
    // The real provider reports the status as `desiredStatus` when the program sets one: so a refresh shows the drift.
    const asked = found.inputs["desiredStatus"] === undefined ? {} : { desiredStatus: status };
    return { inputs: { ...found.inputs, ...asked }, outputs: { ...withStatus(found.outputs, status), ...asked } };
  },

  async delete(id, context) {
    const { state, signal, log } = context;
    const found = (await readCloud(state)).resources[id];
    if (found === undefined) return;
    if (found.inputs["deletionProtection"] === true) {
      const name = textAt(found.inputs, "name");
      throw new Error(
        `Cannot delete instance ${name}: instance Deletion Protection is enabled. Set deletionProtection to false for this resource before attempting to delete it.`,
      );
    }
    await discard(context, found.inputs);
    await changeCloud(state, (cloud) => delete cloud.resources[id], signal);
    log(`${id}: deleted`);
  },
};

function checkInstance(news: Properties, { settings }: Pick<Context, "settings">): ReturnType<ResourceKind["check"]> {
  const project = news["project"] ?? settings.project ?? null;
  const zone = news["zone"] ?? settings.zone ?? null;
  const failures: Failure[] = [];
  const required = { ...news, project, zone };
  for (const property of ["bootDisk", "machineType", "networkInterfaces"] as const) {
    if (news[property] === undefined) failures.push({ property, reason: "Missing required argument" });
  }
  if (project === null)
    failures.push({ property: "project", reason: "project: required field is not set; set gcp:project" });
  if (zone === null) failures.push({ property: "zone", reason: "zone: required field is not set; set gcp:zone" });
  const status = news["desiredStatus"];
  if (typeof status === "string" && !isUnknown(status) && !["RUNNING", "TERMINATED", "SUSPENDED"].includes(status)) {
    const expected = "expected desired_status to be one of [RUNNING TERMINATED SUSPENDED]";
    failures.push({ property: "desiredStatus", reason: `${expected}, got ${status}` });
  }
  return { inputs: required, failures };
}

async function createInstance(inputs: Properties, context: Context): Promise<{ id: string; outputs: Properties }> {
  const { state, machines, signal, log } = context;
  const during = "Error creating instance";
  const [project = "", zone = "", name = ""] = [
    textAt(inputs, "project"),
    textAt(inputs, "zone"),
    textAt(inputs, "name"),
  ];
  validateShape(during, project, zone, inputs);
  const id = `projects/${project}/zones/${zone}/instances/${name}`;
  await refuseWhatIsTaken(during, id, inputs, context);
  await applyFaults(state, "Error waiting for instance to create", { project, zone, inputs }, signal);
  const status = wantedStatus(inputs);
  const outputs = await changeCloud(
    state,
    (cloud) => {
      cloud.made += 1;
      const made = instanceOutputs(inputs, {
        number: cloud.made,
        hostAddress: hostOf(machines, inputs)?.address,
        status,
      });
      cloud.resources[id] = { type: instance.token, inputs, outputs: made };
      return made;
    },
    signal,
  );
  try {
    // As on the real cloud a new instance runs first, whatever is wanted of it later.
    await setStatus(context, inputs, "RUNNING");
    if (status === "TERMINATED") await setStatus(context, inputs, status);
  } catch (error) {
    await discard({ ...context, signal: AbortSignal.timeout(60_000) }, inputs);
    await changeCloud(state, (cloud) => delete cloud.resources[id], AbortSignal.timeout(10_000));
    throw error;
  }
  log(`${id}: created, ${status}`);
  return { id, outputs };
}

async function refuseWhatIsTaken(
  during: string,
  id: string,
  inputs: Properties,
  { state, machines }: Context,
): Promise<void> {
  const { resources } = await readCloud(state);
  if (resources[id] !== undefined) {
    throw new GoogleApiError(during, 409, `The resource '${id}' already exists`, "alreadyExists");
  }
  const link = textAt(objectAt(objectAt(inputs, "bootDisk"), "initializeParams"), "image") ?? "";
  const own = /^https:\/\/www\.googleapis\.com\/compute\/v1\/(projects\/.+\/global\/images\/.+)$/.exec(link)?.[1];
  if (own !== undefined && resources[own] === undefined)
    throw new GoogleApiError(during, 404, `The resource '${own}' was not found`, "notFound");
  const spec = hostOf(machines, inputs);
  for (const [other, { type, inputs: theirs }] of Object.entries(resources)) {
    if (spec === undefined || type !== instance.token || hostOf(machines, theirs) !== spec) continue;
    throw new Error(`${during}: the simulated cloud has one host ${spec.name}, and instance ${other} runs on it`);
  }
  const region = regionOf(textAt(inputs, "zone") ?? "");
  for (const access of objectsAt(inputs, "networkInterfaces").flatMap((nic) => objectsAt(nic, "accessConfigs"))) {
    const natIp = textAt(access, "natIp");
    if (natIp === undefined) continue;
    const reserved = Object.values(resources).some(
      ({ outputs }) => outputs["address"] === natIp && outputs["region"] === region,
    );
    if (reserved) continue;
    const field = `Invalid value for field 'resource.networkInterfaces[0].accessConfigs[0].natIP': '${natIp}'.`;
    const message = `${field} The specified external IP address '${natIp}' was not found in region '${region}'.`;
    throw new GoogleApiError(during, 400, message, "invalid");
  }
}

/** With Google's defaults: to state what holds anyway stops nothing. */
function settled(inputs: Properties, key: string): string {
  if (key !== "shieldedInstanceConfig") return JSON.stringify(inputs[key] ?? null);
  const shielded = { ...shieldedDefaults, ...objectAt(inputs, key) };
  return JSON.stringify(Object.entries(shielded).sort());
}

async function updateInstance(id: string, olds: Properties, stated: Properties, context: Context): Promise<Properties> {
  const { state, signal, log } = context;
  const found = (await readCloud(state)).resources[id];
  if (found === undefined)
    throw new GoogleApiError("Error updating instance", 404, `The resource '${id}' was not found`, "notFound");
  // What the program does not change is not written: metadata may be others' by now.
  const isOurs = JSON.stringify(olds["metadata"]) !== JSON.stringify(stated["metadata"]);
  const news = isOurs ? stated : { ...stated, metadata: objectAt(found.inputs, "metadata") };
  const [project = "", zone = ""] = [textAt(news, "project"), textAt(news, "zone")];
  if (isZone(zone)) validateShape("Error updating instance", project, zone, news);
  const before = await statusOf(context, found.inputs, wantedStatus(found.inputs));
  const after = wantedStatus(news);
  const needsStop = changedWhileStopped.filter((key) => settled(found.inputs, key) !== settled(news, key));
  const restarts = needsStop.length > 0 && before === "RUNNING";
  if (restarts && after === "RUNNING" && news["allowStoppingForUpdate"] !== true) {
    throw new Error(
      `Changing the ${needsStop.join(", ")} on a started instance requires stopping it. To acknowledge this, please set allowStoppingForUpdate = true in your config. You can also stop it by setting desiredStatus = "TERMINATED", but the instance will not be restarted after the update.`,
    );
  }
  if (before === "TERMINATED" && after === "RUNNING") {
    await applyFaults(
      state,
      "Error waiting for instance to start",
      { project, zone: shortName(zone), inputs: news },
      signal,
    );
  }
  if (restarts) await setStatus(context, found.inputs, "TERMINATED");
  await setStatus(context, news, after);
  log(`${id}: ${before} → ${after}${restarts ? ", stopped for the change" : ""}`);
  return changeCloud(
    state,
    (cloud) => {
      const facts = {
        number: cloud.made,
        hostAddress: hostOf(context.machines, news)?.address,
        status: after,
        previous: found.outputs,
      };
      const outputs = instanceOutputs(news, facts);
      cloud.resources[id] = { type: instance.token, inputs: news, outputs };
      return outputs;
    },
    signal,
  );
}
