import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { computeAccess } from "../cloud/gcp/access.ts";
import { computeApi } from "../cloud/gcp/compute-api.ts";
import { candidatesOf, chooseZone, type Placement, placeInZone, placeNode } from "../cloud/gcp/place-node.ts";
import type { Report } from "../report.ts";
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

/** Another order of candidates, a label or a disk is nothing to this resource. */
export async function diff(_id: string, olds: unknown, news: PlacementInputs): Promise<pulumi.dynamic.DiffResult> {
  const known = placementOutputsSchema.parse(olds);
  const leaves = !candidatesOf(news).includes(known.placedIn);
  if (leaves) {
    await using log = openEngineLog(news.reportTo);
    const message = `${known.placedIn} is no candidate any more: the VM is replaced by one in ${candidatesOf(news).join(" or ")}, and its disk is lost`;
    log.report({ level: "warning", subject: news.machine, phase: "placement", message });
  }
  // Pulumi's own answer to a change of a `zone` that it cannot know yet is the instance's: a replacement.
  return {
    changes: leaves || starts(known, news) || reshapes(known, news) || ends(known, news),
    replaces: [],
    stables: leaves ? [] : ["placedIn"],
  };
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
  const stays = { zone: known.placedIn, reservation: known.reservation };
  const placed = await within(news, async (report, signal) => {
    if (!candidatesOf(news).includes(known.placedIn)) {
      await release(known, signal);
      return chooseZone(news, news.zones, api(), report, signal);
    }
    if (starts(known, news) || (news.power === "on" && reshapes(known, news)))
      return placeInZone(news, known.placedIn, api(), signal);
    if (ends(known, news)) await release(known, signal);
    return ends(known, news) ? { ...stays, reservation: null } : stays;
  });
  return { outs: outputs(news, placed) };
}

export async function remove(_id: string, props: unknown): Promise<void> {
  const known = placementOutputsSchema.parse(props);
  await within(known, (_report, signal) => release(known, signal));
}

function starts(known: PlacementInputs, { power }: PlacementInputs): boolean {
  return known.power === "off" && power === "on";
}

function ends(known: PlacementInputs, { power }: PlacementInputs): boolean {
  return known.power === "on" && power === "off";
}

function reshapes(known: PlacementInputs, news: PlacementInputs): boolean {
  const shape = ({ machineType, accelerators }: PlacementInputs): string =>
    JSON.stringify([machineType, accelerators.map(({ type, count }) => [type, count])]);
  return shape(known) !== shape(news);
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
  { reportTo }: PlacementInputs,
  act: (report: Report, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using stop = interruptible();
  await using log = openEngineLog(reportTo);
  return await act(log.report, AbortSignal.any([stop.signal, AbortSignal.timeout(deadlineMs)]));
}
