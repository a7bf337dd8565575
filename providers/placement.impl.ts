import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { computeAccess } from "../cloud/gcp/access.ts";
import { computeApi } from "../cloud/gcp/compute-api.ts";
import { candidatesOf, chooseZone, type Placement, placeNode } from "../cloud/gcp/place-node.ts";
import type { Report } from "../report.ts";
import { traced } from "../trace.ts";
import { openEngineLog } from "./engine-log.ts";
import { interruptible } from "./interruption.ts";
import {
  type PlacementInputs,
  type PlacementOutputs,
  placementInputsSchema,
  placementOutputsSchema,
} from "./placement-schema.ts";
import { configValue } from "./provider-config.ts";

/** For all zones together; each operation has its own. */
const deadlineMs = 30 * 60_000;

export async function check(_olds: unknown, news: unknown): Promise<pulumi.dynamic.CheckResult<PlacementInputs>> {
  const parsed = placementInputsSchema.safeParse(news);
  if (parsed.success) return { inputs: parsed.data };
  const failures = z.flattenError(parsed.error).fieldErrors;
  return {
    failures: Object.entries(failures).map(([property, reasons]) => ({ property, reason: reasons.join("; ") })),
  };
}

/**
 * Only a zone that is no candidate any more: another order, shape or power state must leave the zone known, or a preview
 * would show every VM that is switched on as one that is replaced.
 */
export async function diff(_id: string, olds: unknown, news: PlacementInputs): Promise<pulumi.dynamic.DiffResult> {
  const { placedIn } = placementOutputsSchema.parse(olds);
  const candidates = candidatesOf(news);
  if (candidates.includes(placedIn)) return { changes: false };
  await using log = openEngineLog(news.reportTo);
  const message = `${placedIn} is no candidate any more: the VM is replaced by one in ${candidates.join(" or ")}, and its disk is lost`;
  log.report({ level: "warning", subject: news.machine, phase: "placement", message });
  return { changes: true };
}

export async function create(inputs: PlacementInputs): Promise<pulumi.dynamic.CreateResult<PlacementOutputs>> {
  const placed = await within(inputs, (report, signal) => placeNode(inputs, api(), report, signal));
  return { id: `${inputs.project}/${inputs.machine}`, outs: outputs(inputs, placed) };
}

export async function update(
  _id: string,
  olds: unknown,
  news: PlacementInputs,
): Promise<pulumi.dynamic.UpdateResult<PlacementOutputs>> {
  const known = placementOutputsSchema.parse(olds);
  const placed = await within(news, async (report, signal) => {
    await release(known, signal);
    return chooseZone(news, news.zones, api(), report, signal);
  });
  return { outs: outputs(news, placed) };
}

export async function remove(_id: string, props: unknown): Promise<void> {
  const known = placementOutputsSchema.parse(props);
  await within(known, (_report, signal) => release(known, signal));
}

function outputs(inputs: PlacementInputs, { zone, reservation }: Placement): PlacementOutputs {
  return { ...inputs, placedIn: zone, reservation };
}

async function release({ project, placedIn, reservation }: PlacementOutputs, signal: AbortSignal): Promise<void> {
  if (reservation !== null) await api().release({ project, zone: placedIn, name: reservation }, signal);
}

function api() {
  return computeApi(computeAccess({ config: configValue, env: process.env }));
}

async function within<T>(
  { reportTo, machine }: PlacementInputs,
  act: (report: Report, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using stop = interruptible();
  await using log = openEngineLog(reportTo);
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(deadlineMs)]);
  return await traced({ kind: "phase", subject: machine, what: "ask Google" }, () => act(log.report, signal));
}
