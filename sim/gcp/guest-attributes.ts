import type { HostSpec } from "../hosts/host-spec.ts";
import { publishedKeyPath, readIfThere } from "../hosts/sim-state.ts";
import { prepareHost } from "../hosts/simulated-host.ts";
import { readCloud } from "./cloud.ts";
import { GoogleApiError } from "./errors.ts";
import { guestAttribute } from "./guest-agent.ts";
import { hostOf } from "./instance-power.ts";
import { objectAt, type Properties, textAt } from "./property-values.ts";
import type { Context } from "./resource-kind.ts";

/** `gcp.compute.getInstanceGuestAttributes`: where a guest agent publishes the host's ssh keys, and scripts what they like. */
export async function guestAttributes(
  args: Properties,
  { state, machines, settings, signal }: Context,
): Promise<Properties> {
  const project = textAt(args, "project") ?? settings.project ?? "";
  const zone = textAt(args, "zone") ?? settings.zone ?? "";
  const name = textAt(args, "name") ?? "";
  const id = `projects/${project}/zones/${zone}/instances/${name}`;
  const during = "Error reading guest attributes";
  const found = (await readCloud(state)).resources[id];
  if (found === undefined) throw new GoogleApiError(during, 404, `The resource '${id}' was not found`, "notFound");
  const metadata = objectAt(found.inputs, "metadata");
  const spec = textAt(metadata, "enable-guest-attributes") === "TRUE" ? hostOf(machines, found.inputs) : undefined;
  const path = textAt(args, "queryPath") ?? "";
  const value = spec === undefined ? undefined : await valueAt(path, spec, { state, signal });
  if (value === undefined)
    throw new GoogleApiError(
      during,
      404,
      `The resource '${path}' of type 'Guest Attribute' was not found.`,
      "notFound",
    );
  return {
    ...args,
    id,
    project,
    zone,
    queryValues: [value],
    variableValue: textAt(args, "variableKey") === `${value.namespace}/${value.key}` ? value.value : "",
  };
}

type Attribute = Readonly<Record<"namespace" | "key" | "value", string>>;

/** `hostkeys/` is the guest agent's; anything else is what the VM's own system put there. */
async function valueAt(
  path: string,
  spec: HostSpec,
  { state, signal }: Pick<Context, "state" | "signal">,
): Promise<Attribute | undefined> {
  if (path === "hostkeys/") {
    const [key, value] = (await readIfThere(publishedKeyPath(state, spec)))?.split(" ") ?? [];
    return key === undefined || value === undefined ? undefined : { namespace: "hostkeys", key, value };
  }
  const [namespace = "", key = ""] = path.split("/");
  const value = await guestAttribute(await prepareHost(spec, signal, state), path, signal);
  return value === undefined ? undefined : { namespace, key, value };
}
