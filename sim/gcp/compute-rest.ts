import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import type { HostSpec } from "../hosts/host-spec.ts";
import type { SimState } from "../hosts/sim-state.ts";
import { isZone } from "./catalogue.ts";
import { changeCloud, readCloud } from "./cloud.ts";
import { OperationError } from "./errors.ts";
import { applyFaults, forbids } from "./faults.ts";
import { metadataOf, setMetadata } from "./instance-metadata.ts";
import { statusOf, wantedStatus } from "./instance-power.ts";
import { textAt } from "./property-values.ts";
import { reservationId, reservationSchema, reservationType } from "./reservation.ts";
import { deleteObject, putObject } from "./storage-rest.ts";

/** The part of the Compute Engine API that is used beside the provider: reservations, operations, VMs as they are, their metadata. */
export interface ComputeRest extends AsyncDisposable {
  readonly port: number;
}

interface Operation {
  readonly name: string;
  readonly zone: string;
  readonly done: Promise<unknown>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Source: Compute Engine REST v1, reservations.insert and .delete, zoneOperations.wait and .list, instances.aggregatedList,
 * .get and .setMetadata.
 */
export async function startComputeRest(
  state: SimState,
  machines: readonly HostSpec[],
  log: (line: string) => void,
): Promise<ComputeRest> {
  const ending = new AbortController();
  const cloud = new ComputeService(state, machines, log, ending.signal);
  const server = createServer((request, response) => {
    answer(cloud, request).then(
      ({ status, body }) => end(response, status, body),
      (error: unknown) => {
        log(`rest: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        end(response, 500, refusal(500, "backendError", "internal error").body);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on TCP has an address of this form. Source: node:net, server.address().
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      ending.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const metadataSchema = z.object({
  fingerprint: z.string(),
  items: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
});

class ComputeService {
  readonly #state: SimState;
  readonly #machines: readonly HostSpec[];
  readonly #log: (line: string) => void;
  readonly #signal: AbortSignal;
  readonly #operations = new Map<string, Operation>();
  #made = 0;

  constructor(state: SimState, machines: readonly HostSpec[], log: (line: string) => void, signal: AbortSignal) {
    this.#state = state;
    this.#machines = machines;
    this.#log = log;
    this.#signal = signal;
  }

  /** A zone a page: the real one divides long lists as it likes. */
  async instances(project: string, page: number): Promise<Answer> {
    const { resources } = await readCloud(this.#state);
    const items: Record<string, { instances: { name: string; zone: string }[] }> = {};
    for (const [id, { type, inputs }] of Object.entries(resources)) {
      const zone = /^projects\/([^/]+)\/zones\/([^/]+)\/instances\//.exec(id);
      if (type !== "gcp:compute/instance:Instance" || zone?.[1] !== project) continue;
      const link = `https://www.googleapis.com/compute/v1/projects/${project}/zones/${zone[2]}`;
      const { instances } = items[`zones/${zone[2]}`] ?? { instances: [] };
      items[`zones/${zone[2]}`] = { instances: [...instances, { name: textAt(inputs, "name") ?? "", zone: link }] };
    }
    const zones = Object.entries(items).sort(([one], [other]) => one.localeCompare(other));
    const more = page + 1 < zones.length ? { nextPageToken: String(page + 1) } : {};
    return { status: 200, body: { items: Object.fromEntries(zones.slice(page, page + 1)), ...more } };
  }

  async instance(id: string): Promise<Answer> {
    const found = (await readCloud(this.#state)).resources[id];
    if (found === undefined) return refusal(404, "notFound", `The resource '${id}' was not found`);
    const { inputs, outputs } = found;
    const context = { state: this.#state, machines: this.#machines };
    const status = await statusOf(context, inputs, wantedStatus(inputs));
    const metadata = await metadataOf(this.#state, id);
    return { status: 200, body: { id: outputs["instanceId"], name: inputs["name"], status, metadata } };
  }

  async setMetadata(id: string, zone: string, body: string): Promise<Answer> {
    if (await forbids(this.#state, "compute.instances.setMetadata", this.#signal))
      return refusal(403, "forbidden", `Required 'compute.instances.setMetadata' permission for '${id}'`);
    const parsed = metadataSchema.safeParse(JSON.parse(body));
    if (!parsed.success) return refusal(400, "invalid", z.prettifyError(parsed.error));
    if (!(await setMetadata(this.#state, id, parsed.data, this.#signal)))
      return refusal(412, "conditionNotMet", "Supplied fingerprint does not match current metadata fingerprint.");
    this.#log(`${id}: metadata ${parsed.data.items.map(({ key }) => key).join(", ")}`);
    return this.#begin(zone, async () => undefined);
  }

  /** @param filter - `targetId = <number>` */
  async operations(filter: string): Promise<Answer> {
    const { events = [] } = await readCloud(this.#state);
    const items = events.filter(({ targetId }) => filter === `targetId = ${targetId}`);
    return { status: 200, body: { items: items.map((event) => ({ ...event, status: "DONE" })) } };
  }

  async upload(bucket: string, name: string, body: IncomingMessage): Promise<Answer> {
    const stored = await putObject(this.#state, bucket, name, body, this.#signal);
    if (stored === undefined) return refusal(404, "notFound", "The specified bucket does not exist.");
    this.#log(`gs://${bucket}/${name}: ${stored.size} bytes`);
    return { status: 200, body: { ...stored, bucket, name } };
  }

  async removeObject(bucket: string, name: string): Promise<Answer> {
    if (await deleteObject(this.#state, bucket, name, this.#signal)) return { status: 200, body: {} };
    return refusal(404, "notFound", `No such object: ${bucket}/${name}`);
  }

  async insert(project: string, zone: string, body: string): Promise<Answer> {
    if (!isZone(zone)) return refusal(404, "notFound", `Unknown zone: projects/${project}/zones/${zone}`);
    const parsed = reservationSchema.safeParse(JSON.parse(body));
    if (!parsed.success) return refusal(400, "invalid", z.prettifyError(parsed.error));
    const { name, specificReservation } = parsed.data;
    if (await forbids(this.#state, "compute.reservations.create", this.#signal))
      return refusal(
        403,
        "forbidden",
        `Required 'compute.reservations.create' permission for 'projects/${project}/zones/${zone}/reservations/${name}'`,
      );
    const id = reservationId(project, zone, name);
    if ((await readCloud(this.#state)).resources[id] !== undefined)
      return refusal(409, "alreadyExists", `The resource '${id}' already exists`);
    const { machineType, guestAccelerators } = specificReservation.instanceProperties;
    const inputs = {
      name,
      machineType,
      guestAccelerators: guestAccelerators.map((one) => ({ type: one.acceleratorType, count: one.acceleratorCount })),
    };
    return this.#begin(zone, async () => {
      await applyFaults(this.#state, "reservation", { project, zone, inputs }, this.#signal);
      const resource = { type: reservationType, inputs, outputs: {} };
      await changeCloud(this.#state, (cloud) => (cloud.resources[id] = resource), this.#signal);
      this.#log(`${id}: held`);
    });
  }

  async remove(project: string, zone: string, name: string): Promise<Answer> {
    const id = reservationId(project, zone, name);
    if ((await readCloud(this.#state)).resources[id] === undefined)
      return refusal(404, "notFound", `The resource '${id}' was not found`);
    return this.#begin(zone, async () => {
      await changeCloud(this.#state, (cloud) => delete cloud.resources[id], this.#signal);
      this.#log(`${id}: given back`);
    });
  }

  async wait(name: string): Promise<Answer> {
    const operation = this.#operations.get(name);
    if (operation === undefined) return refusal(404, "notFound", `The resource '${name}' was not found`);
    const status = { name, zone: operation.zone, status: "DONE" };
    try {
      await operation.done;
      return { status: 200, body: status };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const message = error.message.slice(error.message.indexOf(`${error.reason}: `) + error.reason.length + 2);
      return { status: 200, body: { ...status, error: { errors: [{ code: error.reason, message }] } } };
    }
  }

  /** As on the real one, what is asked for is accepted first and fails later. */
  #begin(zone: string, work: () => Promise<void>): Answer {
    this.#made += 1;
    const name = `operation-${process.pid}-${this.#made}`;
    const done = work();
    done.catch(() => undefined); // told to whoever waits for the operation
    this.#operations.set(name, { name, zone, done });
    return { status: 200, body: { name, zone, status: "RUNNING" } };
  }
}

async function answer(cloud: ComputeService, request: IncomingMessage): Promise<Answer> {
  if (!/^Bearer .+/.test(request.headers.authorization ?? "")) return refusal(401, "required", "Login Required.");
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  const [, upload, bucket = "", object] = /^(\/upload)?\/storage\/v1\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(pathname) ?? [];
  if (request.method === "POST" && upload !== undefined)
    return cloud.upload(bucket, searchParams.get("name") ?? "", request);
  if (request.method === "DELETE" && object !== undefined)
    return cloud.removeObject(bucket, decodeURIComponent(object));
  const parts = pathname.replace(/^\/compute\/v1\//, "").split("/");
  const [, project = "", kind, zone = "", collection, name = "", verb] = parts;
  const what = `${request.method} ${[kind === "aggregated" ? kind : "zones", collection ?? zone, verb ?? (name && "one")].filter(Boolean).join(" ")}`;
  switch (what) {
    case "GET aggregated instances":
      return cloud.instances(project, Number(searchParams.get("pageToken") ?? 0));
    case "GET zones operations":
      return cloud.operations(searchParams.get("filter") ?? "");
    case "POST zones reservations":
      return cloud.insert(project, zone, await bodyOf(request));
    case "DELETE zones reservations one":
      return cloud.remove(project, zone, name);
    case "GET zones instances one":
      return cloud.instance(parts.join("/"));
    case "POST zones instances setMetadata":
      return cloud.setMetadata(parts.slice(0, -1).join("/"), zone, await bodyOf(request));
    case "POST zones operations wait":
      return cloud.wait(name);
    default:
      return refusal(404, "notFound", `the simulated cloud has no ${request.method} ${pathname}`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = await Array.fromAsync(request);
  return Buffer.concat(chunks).toString();
}

function refusal(code: number, reason: string, message: string): Answer {
  return { status: code, body: { error: { code, message, errors: [{ reason, message, domain: "global" }] } } };
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
