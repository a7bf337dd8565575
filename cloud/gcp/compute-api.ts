import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { failureOf, GcpApiError, operationErrorSchema, refusalOf } from "./errors.ts";
import type { VmMetadata, VmName } from "./vm-metadata.ts";

/** What a VM needs of a zone. */
export interface NodeShape {
  /** `e2-standard-8`. */
  readonly machineType: string;
  readonly accelerators: readonly { readonly type: string; readonly count: number }[];
}

/** A claim on room for one VM in one zone. */
export interface Reservation {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
}

/** A VM as Google has it now. */
export interface SeenInstance {
  /** Google's own number of it. */
  readonly id: string;
  /** `RUNNING`, `TERMINATED` (off, with its disk), `STAGING`… */
  readonly status: string;
}

/** Something that was done to a VM. */
export interface InstanceEvent {
  /** `stop`, `delete`, `compute.instances.preempted`… */
  readonly type: string;
  /** Who asked for it; `system@google.com` for Google itself. */
  readonly user: string | undefined;
  /** RFC 3339. */
  readonly at: string | undefined;
}

/** The part of Google's Compute Engine API that Pulumi's provider has no resource for within one `up`. */
export interface ComputeApi {
  /** The VM of this name, whatever its zone. */
  findInstance(project: string, name: string, signal: AbortSignal): Promise<{ readonly zone: string } | undefined>;
  /** @returns undefined: there is none. @throws {GcpApiError} */
  readInstance(vm: VmName, signal: AbortSignal): Promise<SeenInstance | undefined>;
  /** What was done to a VM of late, the last first; also to one that is gone. @throws {GcpApiError} */
  readEvents(vm: VmName, instanceId: string, signal: AbortSignal): Promise<readonly InstanceEvent[]>;
  /**
   * Holds room for one VM of a shape for an hour; a VM of that shape takes it by itself.
   * @throws {GcpApiError}
   */
  reserve(reservation: Reservation, shape: NodeShape, signal: AbortSignal): Promise<void>;
  /** Gives it back; none there is success. @throws {GcpApiError} */
  release(reservation: Reservation, signal: AbortSignal): Promise<void>;
  /** undefined: the VM is gone. @throws {GcpApiError} */
  readMetadata(vm: VmName, signal: AbortSignal): Promise<VmMetadata | undefined>;
  /** @throws {GcpApiError} `stale`: it is not the one any more that was read. */
  writeMetadata(vm: VmName, metadata: VmMetadata, signal: AbortSignal): Promise<void>;
}

export interface ComputeAccess {
  /** Ends with `/`. Default of Google's own provider: `https://compute.googleapis.com/compute/v1/`. */
  readonly endpoint: string;
  /** For `Authorization: Bearer`. */
  readonly token: (signal: AbortSignal) => Promise<string>;
}

/** Long enough to make the VM, short enough to cost nothing worth a name when nobody does. */
const heldSeconds = 3_600;
const operationMs = 10 * 60_000;
const attemptMs = 150_000;
const mostTries = 4;
const mostPages = 100;
const mostBytes = 4 * 1024 * 1024;

const operationSchema = z.object({
  name: z.string().max(200),
  status: z.enum(["PENDING", "RUNNING", "DONE"]),
  error: operationErrorSchema.optional(),
});
type Operation = z.output<typeof operationSchema>;
const instanceSchema = z.object({
  metadata: z
    .object({
      fingerprint: z.string().max(200),
      items: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
    })
    .default({ fingerprint: "", items: [] }),
});
const aggregatedSchema = z.object({
  nextPageToken: z.string().max(10_000).optional(),
  items: z
    .record(z.string(), z.object({ instances: z.array(z.object({ name: z.string(), zone: z.string() })).optional() }))
    .optional(),
});

const short = z.string().max(1_000);
const statusSchema = z.object({ id: short, status: short });
const eventsSchema = z.object({
  items: z
    .array(z.object({ operationType: short, user: short.optional(), insertTime: short.optional() }))
    .max(500)
    .default([]),
});

/**
 * Source: Compute Engine REST v1, reservations, zoneOperations.wait and .list, instances.aggregatedList, .get and .setMetadata.
 */
export function computeApi({ endpoint, token }: ComputeAccess): ComputeApi {
  const ask = (method: string, path: string, body: unknown, signal: AbortSignal): Promise<unknown> =>
    call({ method, url: new URL(path, endpoint), body, token }, signal);
  const done = async (project: string, zone: string, first: unknown, signal: AbortSignal): Promise<void> => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(operationMs)]);
    let operation: Operation = operationSchema.parse(first);
    while (operation.status !== "DONE") {
      deadline.throwIfAborted();
      const path = `projects/${project}/zones/${zone}/operations/${operation.name}/wait`;
      operation = operationSchema.parse(await ask("POST", path, undefined, deadline));
    }
    if (operation.error !== undefined) throw failureOf(operation.error);
  };
  return {
    async findInstance(project, name, signal) {
      for (let pages = 0, pageToken: string | undefined; pages < mostPages; pages++) {
        const query = new URLSearchParams({
          filter: `name = ${name}`,
          ...(pageToken === undefined ? {} : { pageToken }),
        });
        const answer = await ask("GET", `projects/${project}/aggregated/instances?${query}`, undefined, signal);
        const { items = {}, nextPageToken = "" } = aggregatedSchema.parse(answer);
        const zone = Object.values(items)
          .flatMap(({ instances = [] }) => instances)
          .find((one) => one.name === name)?.zone;
        if (zone !== undefined) return { zone: zone.slice(zone.lastIndexOf("/") + 1) };
        if (nextPageToken === "") return undefined;
        pageToken = nextPageToken;
      }
      throw new GcpApiError("the list of VMs has no end", { kind: "other", reason: "size", zonesAvailable: [] });
    },
    async readInstance(vm, signal) {
      try {
        return statusSchema.parse(await ask("GET", pathOf(vm), undefined, signal));
      } catch (error) {
        if (error instanceof GcpApiError && error.kind === "missing") return undefined;
        throw error;
      }
    },
    async readEvents({ project, zone }, instanceId, signal) {
      const filter = `targetId = ${instanceId}`;
      const query = new URLSearchParams({ filter, orderBy: "creationTimestamp desc", maxResults: "50" });
      const path = `projects/${project}/zones/${zone}/operations?${query}`;
      const { items } = eventsSchema.parse(await ask("GET", path, undefined, signal));
      return items.map(({ operationType, user, insertTime }) => ({ type: operationType, user, at: insertTime }));
    },
    async reserve({ project, zone, name }, { machineType, accelerators }, signal) {
      const guestAccelerators = accelerators.map(({ type, count }) => ({
        acceleratorType: type,
        acceleratorCount: count,
      }));
      const body = {
        name,
        description: "room for a machine that is being made; goes by itself",
        specificReservationRequired: false,
        specificReservation: { count: "1", instanceProperties: { machineType, guestAccelerators } },
        deleteAfterDuration: { seconds: String(heldSeconds) },
      };
      await done(
        project,
        zone,
        await ask("POST", `projects/${project}/zones/${zone}/reservations`, body, signal),
        signal,
      );
    },
    async release({ project, zone, name }, signal) {
      try {
        const path = `projects/${project}/zones/${zone}/reservations/${name}`;
        await done(project, zone, await ask("DELETE", path, undefined, signal), signal);
      } catch (error) {
        if (!(error instanceof GcpApiError && error.kind === "missing")) throw error;
      }
    },
    async readMetadata(vm, signal) {
      try {
        return instanceSchema.parse(await ask("GET", pathOf(vm), undefined, signal)).metadata;
      } catch (error) {
        if (error instanceof GcpApiError && error.kind === "missing") return undefined;
        throw error;
      }
    },
    async writeMetadata(vm, metadata, signal) {
      const begun = await ask("POST", `${pathOf(vm)}/setMetadata`, metadata, signal);
      await done(vm.project, vm.zone, begun, signal);
    },
  };
}

function pathOf({ project, zone, name }: VmName): string {
  return `projects/${project}/zones/${zone}/instances/${name}`;
}

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly body: unknown;
  readonly token: (signal: AbortSignal) => Promise<string>;
}

/** Again after an answer that says that nothing was decided: too many calls, or a server that is not well. */
async function call(request: Call, signal: AbortSignal): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    const { status, text } = await send(request, signal);
    if (status >= 200 && status < 300) return text === "" ? {} : JSON.parse(text);
    if (tries >= mostTries || !(status === 429 || status >= 500)) throw refusalOf(status, text);
    await sleep(500 * 2 ** tries * (0.5 + Math.random()), undefined, { signal });
  }
}

async function send(
  { method, url, body, token }: Call,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const headers = { authorization: `Bearer ${await token(signal)}`, "content-type": "application/json" };
  const init = { method, headers, signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]) };
  const response = await fetch(url, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes)
      throw new GcpApiError("the answer is too long", { kind: "other", reason: "size", zonesAvailable: [] });
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return { status: response.status, text };
}
