import { SimulationError } from "../hosts/errors.ts";
import { exampleHosts, type HostSpec } from "../hosts/host-spec.ts";
import type { SimState } from "../hosts/sim-state.ts";
import { changeCloud, readCloud } from "./cloud.ts";
import { instance } from "./instance.ts";
import { discard, hostOf, setStatus } from "./instance-power.ts";

/** What may happen to an instance outside of any deployment: in Google's console, or by Google itself. */
export const deedsByHand = ["stop", "preempt", "start", "delete"] as const;
export type DeedByHand = (typeof deedsByHand)[number];

/** Who did it, and what Google's list of operations calls it. Source: Compute Engine documentation, "System event audit logs". */
const records = {
  stop: { operationType: "stop", user: "ops@fleet.example" },
  preempt: { operationType: "compute.instances.preempted", user: "system@google.com" },
  start: { operationType: "start", user: "ops@fleet.example" },
  delete: { operationType: "delete", user: "ops@fleet.example" },
} as const satisfies Record<DeedByHand, { operationType: string; user: string }>;

/** Does it to the instance of one machine; whoever keeps a state of the cloud is not told. @throws {SimulationError} */
export async function doByHand(
  state: SimState,
  machine: string,
  deed: DeedByHand,
  signal: AbortSignal,
  machines: readonly HostSpec[] = exampleHosts,
): Promise<void> {
  const { resources } = await readCloud(state);
  const [found] = Object.entries(resources).filter(
    ([, { type, inputs }]) => type === instance.token && hostOf(machines, inputs)?.name === machine,
  );
  if (found === undefined) {
    throw new SimulationError({
      summary: `${machine}: the simulated cloud has no instance of it`,
      expected: "an instance that an update has made",
      found: Object.keys(resources).join(", ") || "an empty cloud",
      at: state.directory,
      fix: "pulumi up --stack local",
    });
  }
  const [id, { inputs, outputs }] = found;
  const context = { state, machines, signal };
  if (deed === "delete") await discard(context, inputs);
  else await setStatus(context, inputs, deed === "start" ? "RUNNING" : "TERMINATED");
  await changeCloud(
    state,
    (cloud) => {
      const targetId = String(outputs["instanceId"]);
      const event = { targetId, ...records[deed], insertTime: new Date().toISOString() };
      cloud.events = [event, ...(cloud.events ?? [])];
      if (deed === "delete") delete cloud.resources[id];
    },
    signal,
  );
}
