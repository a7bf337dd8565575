import { z } from "zod";
import type { Report } from "../report.ts";
import { activationPolicySchema } from "./activation/policy.ts";
import { ownerSchema, storePathSchema } from "./activation/transaction.ts";
import { HostUnreachableError } from "./errors.ts";
import { noFacts, type Outcome } from "./outcome.ts";
import type { SecretSource } from "./secrets/secret-source.ts";
import { ConnectionPool } from "./ssh/connection-pool.ts";
import { connectionSpecSchema } from "./ssh/connection-spec.ts";
import type { RemoteScript } from "./ssh/remote-command.ts";
import { Deployment } from "./transaction/deployment.ts";

const stackSchema = z.strictObject({ project: ownerSchema.shape.project, stack: ownerSchema.shape.stack });

/** What shall run on a host, and how to get there. */
export const deploymentRequestSchema = z.strictObject({
  machine: z.string().min(1).max(200),
  connection: connectionSpecSchema,
  class: z.enum(["nixos", "darwin"]),
  /** Platform that the toplevel is built for. */
  system: z.string().regex(/^[a-z0-9_]+-[a-z0-9]+$/),
  /** In the operator's store, with its closure. */
  toplevel: storePathSchema,
  policy: activationPolicySchema.default(() => activationPolicySchema.parse({})),
  /** Brought to the host before its system is activated, and back with it. */
  secrets: z.custom<SecretSource>(isSecretSource).optional(),
  /** Of a deployment without secrets: shows on the host whether the keys that are there open what the system brings. */
  secretsProof: z.custom<RemoteScript>(isScript).optional(),
  owner: stackSchema,
  /** Stacks that the machine was moved from: a host that carries the mark of one is taken over. */
  formerOwners: z.array(stackSchema).optional(),
});
export type DeploymentRequest = z.output<typeof deploymentRequestSchema>;

function isSecretSource(value: unknown): boolean {
  return typeof value === "object" && value !== null && "stage" in value && typeof value.stage === "function";
}

function isScript(value: unknown): boolean {
  return typeof value === "object" && value !== null && "text" in value && typeof value.text === "string";
}

/**
 * Pushes a system to a host and makes it the running one, as one transaction. What the host is afterwards is in the outcome,
 * also when it is not as declared; only what stops a deployment before the host was touched is an error.
 * A second call goes on where the first one ended, however it ended: nothing is done twice.
 * @param connections - shared by a run; absent: one of its own.
 * @throws {HostKeyMismatchError} @throws {HostKeyUnknownError} @throws {AuthenticationError}
 * @throws {DiskSpaceError} @throws {PushError}
 */
export async function deployMachine(
  request: DeploymentRequest,
  report: Report,
  signal: AbortSignal,
  connections?: ConnectionPool,
): Promise<Outcome> {
  const parsed = deploymentRequestSchema.parse(request);
  await using stack = new AsyncDisposableStack();
  const pool = connections ?? stack.use(new ConnectionPool());
  return await unlessUnreachable(parsed.machine, () => new Deployment(parsed, pool, report).run(signal));
}

/** A host that cannot be reached is an outcome, whatever was about to be done with it. */
export async function unlessUnreachable<T>(machine: string, action: () => Promise<T>): Promise<T | Outcome> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof HostUnreachableError)) throw error;
    return { kind: "unreachable", machine, reason: error.reason, facts: noFacts };
  }
}
