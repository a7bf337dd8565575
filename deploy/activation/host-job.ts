import { z } from "zod";
import type { Report } from "../../report.ts";
import { RemoteDeadlineError, RemoteOutputError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import { quoteCommand } from "../ssh/shell-quote.ts";
import { hostScript, type ScriptName, scriptText } from "./scripts.ts";
import type { Transaction } from "./transaction.ts";

export interface HostJob {
  /** From `jobId`. */
  readonly id: string;
  readonly phase: "test" | "commit";
  readonly transaction: Transaction;
  readonly script: ScriptName;
  readonly args: readonly string[];
  /** A systemd unit, or a process detached from the session (darwin). */
  readonly how: "unit" | "process";
  readonly deadlineSeconds: number;
  /** It is there already: only followed. */
  readonly attach: boolean;
}

export interface JobEnd {
  /** Absent: killed before its end. */
  readonly exitCode?: number;
  /** The last 64 KiB. */
  readonly log: string;
}

/** Seconds for which one look at a job waits for news on the host. */
const lookSeconds = 5;
/** The job's own limit comes first; this much later the client stops looking. */
const graceSeconds = 30;

/**
 * Starts a job unless it is there, and reads its log until it ended. A lost connection is got again: the job does not notice.
 * @throws {RemoteDeadlineError} @throws {HostUnreachableError} when the host does not come back
 */
export async function runHostJob(
  session: HostSession,
  job: HostJob,
  report: Report,
  signal: AbortSignal,
): Promise<JobEnd> {
  if (!job.attach) {
    const { id, transaction, how, deadlineSeconds, script, args } = job;
    const text = `set -- ${quoteCommand(args)}\n${scriptText(script)}`;
    const start = [JSON.stringify(transaction), id, transaction.id, how, String(deadlineSeconds), text];
    await session.retried(
      () => session.script(hostScript("start-job", start), { deadlineSeconds: 30 }, signal),
      signal,
    );
  }
  return followJob(session, job, report, signal);
}

async function followJob(session: HostSession, job: HostJob, report: Report, signal: AbortSignal): Promise<JobEnd> {
  const until = performance.now() + (job.deadlineSeconds + graceSeconds) * 1000;
  let offset = 0;
  let log = "";
  let partial = "";
  let startingUntil = performance.now() + 20_000;
  for (;;) {
    const news = await session.retried(() => readNews(session, job.id, offset, signal), signal);
    offset += news.bytes;
    log = (log + news.text).slice(-65_536);
    const lines = (partial + news.text).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines)
      report({ level: "info", subject: session.spec.machine, phase: job.phase, message: line.slice(0, 500) });
    if (news.state !== "starting") startingUntil = Number.POSITIVE_INFINITY;
    if (news.bytes > 0 && news.state === "done") continue; // until all of the log is here
    if (news.state === "done") return news.code === undefined ? { log } : { exitCode: news.code, log };
    if (news.state === "lost" || performance.now() > startingUntil) return { log };
    if (performance.now() > until) throw late(session, job);
  }
}

const newsSchema = z.tuple([
  z.enum(["done", "running", "lost", "starting"]),
  z.string().regex(/^(?:\d{1,3}|-)$/),
  z.string().regex(/^\d{1,6}$/),
]);

async function readNews(session: HostSession, id: string, offset: number, signal: AbortSignal) {
  const script = hostScript("follow-job", [id, String(offset), String(lookSeconds)]);
  const answer = await session.script(script, { deadlineSeconds: lookSeconds + 25, maxOutputBytes: 200_000 }, signal);
  const end = answer.indexOf("\n");
  const parsed = newsSchema.safeParse(answer.slice(0, Math.max(end, 0)).split(" "));
  if (!parsed.success) throw noNews(session, id, answer);
  const [state, code, bytes] = parsed.data;
  return { state, code: code === "-" ? undefined : Number(code), bytes: Number(bytes), text: answer.slice(end + 1) };
}

function noNews(session: HostSession, id: string, answer: string): RemoteOutputError {
  return new RemoteOutputError({
    summary: `${session.spec.machine}: the host's word on job ${id} makes no sense`,
    expected: "<state> <code> <bytes>",
    found: JSON.stringify(answer.slice(0, 200)),
    at: renderAddress(session.spec),
    fix: `look at /nix/var/pulumi-clan/jobs/${id} on the host`,
  });
}

function late(session: HostSession, job: HostJob): RemoteDeadlineError {
  return new RemoteDeadlineError({
    summary: `${session.spec.machine}: the ${job.phase} did not end in time`,
    expected: `an end within ${job.deadlineSeconds} s`,
    found: "still running",
    at: renderAddress(session.spec),
    fix: `look at the host: \`systemctl status pulumi-clan-${job.id}\`, /nix/var/pulumi-clan/jobs/${job.id}/log`,
  });
}
