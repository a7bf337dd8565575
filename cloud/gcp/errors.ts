import { z } from "zod";
import { FleetError } from "../../errors.ts";

/** Where a node's VM is to run cannot be settled. */
export class PlacementError extends FleetError {
  readonly code = "FLEET_PLACEMENT";
}

/** A machine's own system cannot become the image of its VM. */
export class NodeImageError extends FleetError {
  readonly code = "FLEET_NODE_IMAGE";
}

/** Google's cloud cannot be asked: nobody is logged in, or what says who it is cannot be used. */
export class GoogleCredentialsError extends FleetError {
  readonly code = "FLEET_GOOGLE_CREDENTIALS";
}

export type ApiErrorKind =
  /** The zone has none left of this shape now; another one may. */
  | "capacity"
  /** The project may not have more: another zone of the region does not help. */
  | "quota"
  | "forbidden"
  | "missing"
  | "exists"
  /** Somebody else changed it since it was read. */
  | "stale"
  | "other";

/** A refusal of Google's API, or an operation of it that failed. */
export class GcpApiError extends Error {
  readonly kind: ApiErrorKind;
  /** Google's word, e.g. `ZONE_RESOURCE_POOL_EXHAUSTED`. */
  readonly reason: string;
  /** Zones that Google says have some; empty: it says nothing. */
  readonly zonesAvailable: readonly string[];

  constructor(message: string, facts: Pick<GcpApiError, "kind" | "reason" | "zonesAvailable">) {
    super(message);
    this.name = new.target.name;
    this.kind = facts.kind;
    this.reason = facts.reason;
    this.zonesAvailable = facts.zonesAvailable;
  }

  /** What to do where nobody knows better. */
  get advice(): string {
    return adviceFor[this.kind];
  }
}

const adviceFor: Readonly<Record<ApiErrorKind, string>> = {
  capacity: "state further zones (nodes.<machine>.zones), or run it again later",
  quota: "ask Google for a larger quota, or take a smaller machine type",
  forbidden: "give the account of these credentials the permission that the message names",
  missing: "look in Google's console what became of it, then `pulumi refresh` and run it again",
  exists: "something of this name is there already: import it, or remove it in Google's console",
  stale: "somebody else changes it, too: run it again",
  other: "correct what the message names, or run it again later",
};

const text = z.string().max(10_000);
const infoSchema = z.object({ reason: text.optional(), metadatas: z.record(z.string(), text).optional() });
const oneSchema = z.object({
  code: text.optional(),
  reason: text.optional(),
  message: text.optional(),
  errorDetails: z.array(z.object({ errorInfo: infoSchema.optional() })).optional(),
});
/** `error` of an answer with another status than 2xx. Source: Google API design guide, "Errors"; Compute Engine REST v1. */
const refusalSchema = z.object({
  error: z.object({ message: text.optional(), errors: z.array(oneSchema).optional() }),
});
/** `error` of an operation that is done. Source: Compute Engine REST v1, zoneOperations. */
export const operationErrorSchema = z.object({ errors: z.array(oneSchema).min(1) });

/** @param status - of HTTP. @param body - as it came. */
export function refusalOf(status: number, body: string): GcpApiError {
  const parsed = refusalSchema.safeParse(parseJson(body)).data?.error;
  const [first] = parsed?.errors ?? [];
  const message = parsed?.message ?? first?.message ?? body.slice(0, 500);
  return toError(`HTTP ${status}: ${message}`, { ...first, message }, status);
}

export function failureOf(error: z.output<typeof operationErrorSchema>): GcpApiError {
  const [first = {}] = error.errors;
  return toError(`${first.code ?? "failed"}: ${first.message ?? "no reason was given"}`, first);
}

function toError(message: string, one: z.output<typeof oneSchema>, status?: number): GcpApiError {
  const reason = one.code ?? one.reason ?? `HTTP ${status}`;
  const zones = (one.errorDetails ?? []).flatMap(({ errorInfo }) => errorInfo?.metadatas?.["zonesAvailable"] ?? []);
  const zonesAvailable = zones.flatMap((list) => list.split(",").map((zone) => zone.trim())).filter(Boolean);
  return new GcpApiError(message, { kind: kindOf(reason, one.message ?? "", status), reason, zonesAvailable });
}

/** Source: notes of users of google_compute_instance and of Google's error reference, "resource availability", "quota". */
function kindOf(reason: string, message: string, status: number | undefined): ApiErrorKind {
  if (/^ZONE_RESOURCE_POOL_EXHAUSTED/.test(reason) || reason === "stockout") return "capacity";
  if (/^(?:QUOTA_EXCEEDED|quotaExceeded)$/.test(reason) || /^Quota '[^']+' exceeded/.test(message)) return "quota";
  if (status === 403 && !/rateLimit/i.test(reason)) return "forbidden";
  if (status === 404) return "missing";
  if (status === 412) return "stale";
  return status === 409 ? "exists" : "other";
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // a proxy's page, say: its first words are told
    throw error;
  }
}
