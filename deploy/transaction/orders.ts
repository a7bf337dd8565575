import { setTimeout as sleep } from "node:timers/promises";
import type { JobFollower, JobState } from "../activation/job-follower.ts";
import { orderDeadlineSeconds } from "../activation/policy.ts";
import { hostScript } from "../activation/scripts.ts";
import { lifeSeconds } from "../activation/supervised-job.ts";
import {
  AuthenticationError,
  ConnectionLostError,
  HostKeyMismatchError,
  HostKeyUnknownError,
  HostUnreachableError,
  RemoteCommandError,
  RemoteDeadlineError,
} from "../errors.ts";
import { type HostFacts, readFacts } from "../host-facts.ts";
import { ConnectionPool } from "../ssh/connection-pool.ts";
import type { RemoteScript } from "../ssh/remote-command.ts";
import { quoteWord } from "../ssh/shell-quote.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { DeploymentContext } from "./context.ts";

export type Order = "acknowledge" | "rollback" | "close" | "take";

/** `late`: the supervisor has had an order, or has none to wait for any more. `failed`: no way to the host, or it refuses us. */
export type OrderResult = "given" | "late" | { readonly failed: string };

/** Over the connection that is there. */
export async function order(
  { session, token }: DeploymentContext,
  job: string,
  word: Order,
  why: string,
  signal: AbortSignal,
): Promise<"given" | "late"> {
  const script = orderScript(job, word, why, token);
  const answer = await session.retried(() => session.script(script, { deadlineSeconds: 30 }, signal), signal);
  return answer.trim() === "given" ? "given" : "late";
}

/**
 * Over a connection of its own, from the first packet on: what an open connection can do proves nothing about the new system.
 * Its host key must be one of the pinned ones, as ever. Tried until the deadline, since services may still be starting.
 */
export async function acknowledge(
  context: DeploymentContext,
  job: string,
  until: number,
  signal: AbortSignal,
): Promise<OrderResult> {
  const script = orderScript(job, "acknowledge", "", context.token);
  const { elevation } = context.session;
  const result = await overNewConnection(context, until, signal, (host) =>
    host.read(script, { elevation, deadlineSeconds: 20 }, signal),
  );
  if (typeof result !== "string") return result;
  return result.trim() === "given" ? "given" : "late";
}

/** The host's facts by a new connection: after a rollback the way in has to be shown again. */
export function factsOverNewConnection(
  context: DeploymentContext,
  until: number,
  signal: AbortSignal,
): Promise<HostFacts | { readonly failed: string }> {
  return overNewConnection(context, until, signal, (host) => readFacts(host, context.wanted, signal));
}

async function overNewConnection<T>(
  { session, report }: DeploymentContext,
  until: number,
  signal: AbortSignal,
  action: (host: SshHost) => Promise<T>,
): Promise<T | { readonly failed: string }> {
  for (let attempt = 0; ; attempt++) {
    await using pool = new ConnectionPool();
    const connectDeadlineSeconds = Math.max(1, (until - performance.now()) / 1000);
    try {
      return await action(await pool.acquire({ ...session.spec, connectDeadlineSeconds }, report, signal));
    } catch (error) {
      signal.throwIfAborted();
      const final = isRefusal(error);
      if (!final && !isPassing(error)) throw error;
      if (final || performance.now() + 500 >= until) return { failed: describe(error) };
      await sleep(Math.min(5_000, 250 * 2 ** attempt), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Follows a job to its end, also while the host is away because of what the job does. @throws {HostUnreachableError} */
export async function followToEnd(
  { request, report }: DeploymentContext,
  follower: JobFollower,
  signal: AbortSignal,
): Promise<Extract<JobState, { readonly kind: "ended" }>> {
  const { policy } = request;
  const patient = performance.now() + (orderDeadlineSeconds(policy) + policy.reconnectDeadlineSeconds) * 1000;
  for (;;) {
    try {
      const state = await follower.until(undefined, lifeSeconds({ policy }), signal);
      if (state.kind === "ended") return state;
    } catch (error) {
      if (!(error instanceof HostUnreachableError || error instanceof ConnectionLostError)) throw error;
      if (performance.now() > patient) throw error;
      const message = "the host does not answer; its supervisor acts by itself, looking again";
      report({ level: "warning", subject: request.machine, phase: "connect", message });
    }
  }
}

function orderScript(job: string, word: Order, why: string, token: string): RemoteScript {
  return hostScript("order", [job, word, why.slice(0, 500)], `token=${quoteWord(token)}\n`);
}

/** The host answers, and does not let us in: that does not pass by itself. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof HostKeyMismatchError ||
    error instanceof HostKeyUnknownError ||
    error instanceof AuthenticationError ||
    error instanceof RemoteCommandError
  );
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof HostUnreachableError ||
    error instanceof ConnectionLostError ||
    error instanceof RemoteDeadlineError
  );
}

function describe(error: unknown): string {
  if (error instanceof HostUnreachableError) return error.reason;
  return error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
}
