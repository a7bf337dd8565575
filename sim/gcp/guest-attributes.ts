import { publishedKeyPath, readIfThere } from "../hosts/sim-state.ts";
import { readCloud } from "./cloud.ts";
import { GoogleApiError } from "./errors.ts";
import { hostOf } from "./instance-power.ts";
import { type Properties, textAt } from "./property-values.ts";
import type { Context } from "./resource-kind.ts";

/** `gcp.compute.getInstanceGuestAttributes` for `hostkeys/`: where a guest agent publishes the host's ssh keys. */
export async function guestAttributes(args: Properties, { state, machines, settings }: Context): Promise<Properties> {
  const project = textAt(args, "project") ?? settings.project ?? "";
  const zone = textAt(args, "zone") ?? settings.zone ?? "";
  const name = textAt(args, "name") ?? "";
  const id = `projects/${project}/zones/${zone}/instances/${name}`;
  const during = "Error reading guest attributes";
  const found = (await readCloud(state)).resources[id];
  if (found === undefined) throw new GoogleApiError(during, 404, `The resource '${id}' was not found`, "notFound");
  const metadata = found.inputs["metadata"];
  const enabled = typeof metadata === "object" && metadata !== null && "enable-guest-attributes" in metadata;
  const spec = hostOf(machines, found.inputs);
  const key = spec === undefined || !enabled ? undefined : await readIfThere(publishedKeyPath(state, spec));
  if (key === undefined) {
    const message = `The resource 'hostkeys/' of type 'Guest Attribute' was not found.`;
    throw new GoogleApiError(during, 404, message, "notFound");
  }
  const [type = "", value = ""] = key.split(" ");
  return {
    ...args,
    id,
    project,
    zone,
    queryValues: [{ namespace: "hostkeys", key: type, value }],
    variableValue: textAt(args, "variableKey") === `hostkeys/${type}` ? value : "",
  };
}
