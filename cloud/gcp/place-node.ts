import { createHash } from "node:crypto";
import type { Report } from "../../report.ts";
import type { ComputeApi, NodeShape, Reservation } from "./compute-api.ts";
import { GcpApiError, PlacementError } from "./errors.ts";

/** Which VM, and where it may run. */
export interface PlacementRequest extends NodeShape {
  readonly machine: string;
  readonly project: string;
  /** Candidates, the preferred one first. */
  readonly zones: readonly string[];
  /** Named by the stack: taken as it is, without looking for room. Null: the first candidate that has some. */
  readonly zone: string | null;
}

export interface Placement {
  readonly zone: string;
  /** Null: none was needed. It goes by itself within the hour. */
  readonly reservation: string | null;
}

/**
 * A zone for a VM that is to be made: the first candidate that has room, which is held until the VM takes it.
 * A VM that is there already stays where it is.
 * @throws {PlacementError}
 */
export async function placeNode(
  request: PlacementRequest,
  api: ComputeApi,
  report: Report,
  signal: AbortSignal,
): Promise<Placement> {
  const { machine, project, zones } = request;
  const alone = onlyCandidate(request);
  if (alone !== undefined) return alone;
  const there = await asked(request, () => api.findInstance(project, machine, signal));
  if (there !== undefined) {
    if (candidatesOf(request).includes(there.zone)) return { zone: there.zone, reservation: null };
    throw new PlacementError({
      summary: `${machine}: its VM is in another zone than all that are allowed`,
      expected: `a VM in ${candidatesOf(request).join(", ")}, or none`,
      found: `projects/${project}/zones/${there.zone}/instances/${machine}`,
      at: `nodes.${machine}.zones`,
      fix: `add ${there.zone} to its zones, or delete the VM with its disk`,
    });
  }
  return chooseZone(request, zones, api, report, signal);
}

/**
 * For a VM that leaves its zone, and with it its disk.
 * @throws {PlacementError}
 */
export async function chooseZone(
  request: PlacementRequest,
  zones: readonly string[],
  api: ComputeApi,
  report: Report,
  signal: AbortSignal,
): Promise<Placement> {
  const alone = onlyCandidate(request);
  if (alone !== undefined) return alone;
  const refusals: string[] = [];
  for (const [index, zone] of zones.entries()) {
    try {
      return { zone, reservation: await hold(request, zone, api, signal) };
    } catch (error) {
      if (!(error instanceof GcpApiError)) throw error;
      if (error.kind !== "capacity") throw failed(request, zone, error, zones.slice(index + 1));
      const others = error.zonesAvailable.filter((one) => !zones.includes(one));
      const hint = others.length === 0 ? "" : ` (Google says that ${others.join(", ")} may have it)`;
      refusals.push(`${zone}: ${error.message}${hint}`);
      const next = zones[index + 1];
      const message = `${zone} has no room for ${shapeOf(request)}${next === undefined ? "" : `, trying ${next}`}`;
      report({ level: "warning", subject: request.machine, phase: "placement", message });
    }
  }
  throw new PlacementError({
    summary: `${request.machine}: no zone has room for ${shapeOf(request)}`,
    expected: `room in one of ${zones.join(", ")}`,
    found: refusals.join("\n"),
    at: `nodes.${request.machine}.zones`,
    fix: "try again later, or add zones",
  });
}

/** Named by the machine: one that an interrupted run left behind is replaced. */
async function hold(request: PlacementRequest, zone: string, api: ComputeApi, signal: AbortSignal): Promise<string> {
  const reservation: Reservation = { project: request.project, zone, name: reservationOf(request.machine) };
  try {
    await api.reserve(reservation, request, signal);
  } catch (error) {
    if (!(error instanceof GcpApiError && error.kind === "exists")) throw error;
    await api.release(reservation, signal);
    await api.reserve(reservation, request, signal);
  }
  return reservation.name;
}

/** Names are 63 characters at most: of a long one the digest tells it apart. Source: Compute Engine, "Resource naming convention". */
export function reservationOf(machine: string): string {
  if (machine.length <= 54) return `${machine}-placing`;
  return `${machine.slice(0, 45)}-${createHash("sha256").update(machine).digest("hex").slice(0, 8)}-placing`;
}

/** With no other to turn to, the VM's own error says all, and no permission to reserve is needed. */
function onlyCandidate(request: PlacementRequest): Placement | undefined {
  const [zone, ...others] = candidatesOf(request);
  return zone !== undefined && others.length === 0 ? { zone, reservation: null } : undefined;
}

/** Zones in which the VM may be. */
export function candidatesOf({ zone, zones }: Pick<PlacementRequest, "zone" | "zones">): readonly string[] {
  return zone === null ? zones : [zone];
}

async function asked<T>(request: PlacementRequest, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GcpApiError) throw failed(request, "all zones", error, request.zones);
    throw error;
  }
}

function failed(request: PlacementRequest, zone: string, error: GcpApiError, rest: readonly string[]): PlacementError {
  const { machine, project } = request;
  const at = `project ${project}, ${zone}`;
  const expected = `room for ${shapeOf(request)}`;
  const found = error.message;
  if (error.kind === "quota") {
    const quota = /'([^']+)'/.exec(error.message)?.[1] ?? error.reason;
    const fix = `ask Google for more of ${quota}, or free some; another zone does not help`;
    return new PlacementError(
      { summary: `${machine}: quota ${quota} of project ${project} is used up`, expected, found, at, fix },
      { cause: error },
    );
  }
  if (error.kind === "forbidden") {
    const next = [zone, ...rest].find((one) => request.zones.includes(one)) ?? request.zones[0] ?? "";
    return new PlacementError(
      {
        summary: `${machine}: room cannot be reserved in project ${project}`,
        expected: "compute.reservations.create and compute.instances.list for these credentials",
        found,
        at,
        fix: `grant them; or name the zone, which is then taken as it is: \`pulumi config set --path pulumi-clan:nodes.${machine}.zone ${next}\`${rest.length === 0 ? "" : `, and after that ${rest.join(", ")}`}`,
      },
      { cause: error },
    );
  }
  return new PlacementError(
    { summary: `${machine}: Google's API refused`, expected, found, at, fix: "see what it says" },
    { cause: error },
  );
}

/** `n1-standard-8 with 1 × nvidia-tesla-t4`. */
export function shapeOf({ machineType, accelerators }: NodeShape): string {
  return [machineType, ...accelerators.map(({ type, count }) => `${count} × ${type}`)].join(" with ");
}
