import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { SimulationError } from "../hosts/errors.ts";
import { withLock } from "../hosts/lock.ts";
import { readIfThere, type SimState, writeAtomically } from "../hosts/sim-state.ts";
import { regionOf, shortName } from "./catalogue.ts";
import { readCloud } from "./cloud.ts";
import { OperationError } from "./errors.ts";
import { objectsAt, type Properties, textAt } from "./property-values.ts";
import { hasRoom } from "./reservation.ts";

const times = z.int().positive().optional();

/** Faults on demand: `gcp-faults.json` in the state directory. A fault with `times` goes away after so many requests. */
export const faultsSchema = z.strictObject({
  faults: z.array(
    z.discriminatedUnion("kind", [
      /** The zone has no capacity; with `accelerator`, only for instances that want one. */
      z.strictObject({ kind: z.literal("capacity"), zone: z.string(), accelerator: z.string().optional(), times }),
      /** A regional quota is used up, e.g. metric `NVIDIA_T4_GPUS` or `CPUS`. */
      z.strictObject({ kind: z.literal("quota"), metric: z.string(), limit: z.number(), times }),
      /** The credentials may not do this, e.g. `compute.reservations.create`. */
      z.strictObject({ kind: z.literal("forbidden"), permission: z.string(), times }),
      /** Creation takes longer. */
      z.strictObject({ kind: z.literal("slow"), seconds: z.number().positive(), times }),
    ]),
  ),
});
export type Fault = z.output<typeof faultsSchema>["faults"][number];

export interface Placement {
  readonly project: string;
  readonly zone: string;
  readonly inputs: Properties;
}

/**
 * Applies the faults that concern an instance which is about to start.
 * @throws {OperationError} as Google's operation fails. @throws {SimulationError} when the file of faults is wrong.
 */
export async function applyFaults(
  state: SimState,
  during: string,
  placement: Placement,
  signal: AbortSignal,
): Promise<void> {
  const held = hasRoom(await readCloud(state), placement.project, placement.zone, placement.inputs);
  const due = await takeFaults(state, (fault) => concerns(fault, placement, held), signal);
  for (const fault of due) if (fault.kind === "slow") await sleep(fault.seconds * 1000, undefined, { signal });
  for (const fault of due) {
    if (fault.kind === "capacity" || fault.kind === "quota") throw operationError(fault, during, placement);
  }
}

/** Whether the credentials are to be refused this. @throws {SimulationError} */
export async function forbids(state: SimState, permission: string, signal: AbortSignal): Promise<boolean> {
  const is = (fault: Fault): boolean => fault.kind === "forbidden" && fault.permission === permission;
  return (await takeFaults(state, is, signal)).length > 0;
}

/** Those that concern somebody; each is spent by that. */
async function takeFaults(
  state: SimState,
  concernsThis: (fault: Fault) => boolean,
  signal: AbortSignal,
): Promise<readonly Fault[]> {
  const path = join(state.directory, "gcp-faults.json");
  return withLock(
    `${path}.lock`,
    async () => {
      const faults = await readFaults(path);
      const concerned = faults.filter(concernsThis);
      const left = faults.flatMap((fault) => (concerned.includes(fault) ? spent(fault) : [fault]));
      if (concerned.some((fault) => fault.times !== undefined)) {
        await writeAtomically(path, `${JSON.stringify({ faults: left }, null, 2)}\n`);
      }
      return concerned;
    },
    signal,
  );
}

async function readFaults(path: string): Promise<readonly Fault[]> {
  const text = await readIfThere(path);
  if (text === undefined) return [];
  try {
    return faultsSchema.parse(JSON.parse(text)).faults;
  } catch (cause) {
    throw new SimulationError(
      {
        summary: "the simulated cloud's faults cannot be read",
        expected:
          '{"faults": [{"kind": "capacity", "zone": "us-central1-b"}, {"kind": "quota", "metric": "CPUS", "limit": 8}, {"kind": "slow", "seconds": 5}]}',
        found: cause instanceof Error ? cause.message : String(cause),
        at: path,
        fix: "correct the file, or delete it",
      },
      { cause },
    );
  }
}

function concerns(fault: Fault, { zone, inputs }: Placement, held: boolean): boolean {
  if (fault.kind === "slow") return true;
  if (fault.kind === "forbidden" || (fault.kind === "capacity" && held)) return false;
  const accelerators = objectsAt(inputs, "guestAccelerators").map((item) => shortName(textAt(item, "type") ?? ""));
  if (fault.kind === "capacity") {
    return fault.zone === zone && (fault.accelerator === undefined || accelerators.includes(fault.accelerator));
  }
  return fault.metric !== "NVIDIA_T4_GPUS" || accelerators.includes("nvidia-tesla-t4");
}

function spent(fault: Fault): readonly Fault[] {
  if (fault.times === undefined) return [fault];
  return fault.times > 1 ? [{ ...fault, times: fault.times - 1 }] : [];
}

function operationError(
  fault: Extract<Fault, { kind: "quota" | "capacity" }>,
  during: string,
  { project, zone }: Placement,
): OperationError {
  if (fault.kind === "quota") {
    const message = `Quota '${fault.metric}' exceeded.  Limit: ${fault.limit.toFixed(1)} in region ${regionOf(zone)}.`;
    return new OperationError(during, message, "QUOTA_EXCEEDED");
  }
  const message = `The zone 'projects/${project}/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.`;
  return new OperationError(during, message, "ZONE_RESOURCE_POOL_EXHAUSTED");
}
