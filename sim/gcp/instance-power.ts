import { removeHost } from "../hosts/host-removal.ts";
import { exampleHosts, type HostSpec } from "../hosts/host-spec.ts";
import { hostStatus } from "../hosts/host-status.ts";
import type { SimState } from "../hosts/sim-state.ts";
import { prepareHost, startHost } from "../hosts/simulated-host.ts";
import { readCloud } from "./cloud.ts";
import { runGuestAgent } from "./guest-agent.ts";
import { objectAt, type Properties, textAt } from "./property-values.ts";
import type { Context } from "./resource-kind.ts";

/** Label by which an instance names the machine that runs on it; without it, its name does. */
const machineLabel = "pulumi-clan-machine";

/** The simulated host behind an instance; undefined: an instance of no machine we know, which is only an entry. */
export function hostOf(machines: readonly HostSpec[], inputs: Properties): HostSpec | undefined {
  const machine = textAt(objectAt(inputs, "labels"), machineLabel) ?? textAt(inputs, "name");
  return machines.find(({ name }) => name === machine);
}

export type InstanceStatus = "RUNNING" | "TERMINATED";

/** What the instance does now: its host is asked, not the record. An instance without host is what it should be. */
export async function statusOf(
  { state, machines }: Pick<Context, "state" | "machines">,
  inputs: Properties,
  wanted: InstanceStatus,
): Promise<InstanceStatus> {
  const spec = hostOf(machines, inputs);
  if (spec === undefined) return wanted;
  return (await hostStatus(state, spec.name))?.state === "running" ? "RUNNING" : "TERMINATED";
}

/** Boots or stops the instance's host, keeping its disk. */
export async function setStatus(
  { state, machines, signal }: Pick<Context, "state" | "machines" | "signal">,
  inputs: Properties,
  wanted: InstanceStatus,
): Promise<void> {
  const spec = hostOf(machines, inputs);
  if (spec === undefined) return;
  if (wanted === "RUNNING") {
    const host = await startHost(spec, signal, state);
    if (spec.kind === "debian") await runGuestAgent(host, inputs, signal);
  } else await (await prepareHost(spec, signal, state)).stop(signal);
}

/** Removes the instance's host with its disk. */
export async function discard(
  { state, machines, signal }: Pick<Context, "state" | "machines" | "signal">,
  inputs: Properties,
): Promise<void> {
  const spec = hostOf(machines, inputs);
  if (spec !== undefined) await removeHost(state, spec.name, signal);
}

/** Hosts of the instances that should be running: `sim up` boots them again after `sim down`. */
export async function cloudHostsThatShouldRun(
  state: SimState,
  machines: readonly HostSpec[] = exampleHosts,
): Promise<readonly HostSpec[]> {
  const { resources } = await readCloud(state);
  return Object.values(resources).flatMap(({ type, inputs }) => {
    if (type !== "gcp:compute/instance:Instance" || wantedStatus(inputs) !== "RUNNING") return [];
    const spec = hostOf(machines, inputs);
    return spec === undefined ? [] : [spec];
  });
}

/** `desiredStatus`, by default RUNNING. Source: pulumi-gcp 9.37, compute/instance.d.ts. */
export function wantedStatus(inputs: Properties): InstanceStatus {
  return inputs["desiredStatus"] === "TERMINATED" ? "TERMINATED" : "RUNNING";
}
