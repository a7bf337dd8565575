import { z } from "zod";
import type { Report } from "../../report.ts";
import { RemoteDeadlineError, RemoteOutputError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import { hostScript } from "./scripts.ts";

const eventSchema = z.object({
  at: z.int(),
  state: z.string().max(40),
  /** Of `tested`: exit code of switch-to-configuration or activate; null: it was killed. */
  code: z.int().nullish(),
  current: z.string().max(4_096).optional(),
  why: z.string().max(1_000).optional(),
});
/** What the supervisor wrote down about itself. */
export type JobEvent = z.output<typeof eventSchema>;

/** How a job stands. `code`: the supervisor's verdict, absent when it has none and never will (killed with all that comes after it). */
export type JobState = { readonly kind: "running" } | { readonly kind: "ended"; readonly code?: number };

/** Seconds for which one look at a job waits for news on the host. */
const lookSeconds = 5;

/** A host that never ends a line fills no memory of ours. */
const mostOfLine = 65_536;

const newsSchema = z.tuple([
  z.enum(["done", "running", "lost", "starting"]),
  z.string().regex(/^(?:\d{1,3}|-)$/),
  z.string().regex(/^\d{1,15}$/),
  z.string().regex(/^\d{1,6}$/),
  z.string().regex(/^\d{1,7}$/),
  z.string().regex(/^\d{1,6}$/),
]);

/**
 * Reads a job's events and log by offset: nothing is lost or seen twice, whatever becomes of the connection. Only of a log
 * that runs ahead by more than 1 MiB the middle stays on the host.
 */
export class JobFollower {
  readonly events: JobEvent[] = [];
  readonly #session: HostSession;
  readonly #id: string;
  readonly #report: Report;
  #offset = 0;
  #known = 0;
  #log = "";
  #partialLine = "";
  #partialEvent = "";
  #state: JobState = { kind: "running" };

  constructor(session: HostSession, id: string, report: Report) {
    this.#session = session;
    this.#id = id;
    this.#report = report;
  }

  /** The last 64 KiB. */
  get log(): string {
    return this.#log;
  }

  event(state: string): JobEvent | undefined {
    return this.events.findLast((event) => event.state === state);
  }

  /**
   * Follows until an event is there, with the log that came before it, or the job ended.
   * @throws {RemoteDeadlineError} @throws {HostUnreachableError} when the host does not come back in time
   */
  async until(wanted: string | undefined, deadlineSeconds: number, signal: AbortSignal): Promise<JobState> {
    const until = performance.now() + deadlineSeconds * 1000;
    let isOver = false;
    let isBehind = false;
    const isThere = (): boolean => wanted !== undefined && this.event(wanted) !== undefined && !isBehind;
    while (this.#state.kind === "running" && (isOver || !isThere())) {
      const news = await this.#session.retried(() => this.#read(signal), signal);
      isBehind = news.rest > 0;
      isOver = news.state === "done" || news.state === "lost";
      if (news.bytes > 0 && isOver) continue; // until all of the log is here
      if (news.state === "done")
        this.#state = { kind: "ended", ...(news.code === undefined ? {} : { code: news.code }) };
      else if (news.state === "lost") this.#state = { kind: "ended" };
      else if (performance.now() > until) throw this.#late(deadlineSeconds);
    }
    return this.#state;
  }

  /** Takes what there is by now, without waiting for more. @throws as `until` */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#state.kind === "running") await this.#session.retried(() => this.#read(signal, 0), signal);
  }

  async #read(signal: AbortSignal, patience = lookSeconds) {
    const script = hostScript("follow-job", [this.#id, `${this.#offset}`, `${this.#known}`, `${patience}`]);
    const options = { deadlineSeconds: lookSeconds + 25, maxOutputBytes: 300_000 };
    const answer = Buffer.from(await this.#session.script(script, options, signal));
    const end = answer.indexOf("\n");
    const parsed = newsSchema.safeParse(answer.subarray(0, Math.max(end, 0)).toString().split(" "));
    if (!parsed.success) throw this.#nonsense(answer.toString());
    const [state, code, leftOut, logBytes, rest, eventBytes] = parsed.data;
    const bytes = Number(logBytes) + Number(eventBytes);
    const body = answer.subarray(end + 1);
    this.#takeEvents(body.subarray(0, Number(eventBytes)).toString());
    if (leftOut !== "0") this.#takeLog(`\n(${leftOut} bytes of the log are left on the host)\n`);
    this.#takeLog(body.subarray(Number(eventBytes)).toString());
    this.#offset += Number(leftOut) + Number(logBytes);
    this.#known += Number(eventBytes);
    return { state, code: code === "-" ? undefined : Number(code), bytes, rest: Number(rest) };
  }

  #takeEvents(text: string): void {
    const lines = (this.#partialEvent + text).split("\n");
    this.#partialEvent = (lines.pop() ?? "").slice(0, mostOfLine);
    for (const line of lines) this.events.push(this.#parseEvent(line));
  }

  #parseEvent(line: string): JobEvent {
    try {
      return eventSchema.parse(JSON.parse(line));
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError) throw this.#nonsense(line);
      throw error;
    }
  }

  #takeLog(text: string): void {
    this.#log = (this.#log + text).slice(-65_536);
    const lines = (this.#partialLine + text).split("\n");
    this.#partialLine = (lines.pop() ?? "").slice(0, mostOfLine);
    const phase = this.event("rolling-back") ? "rollback" : this.event("committing") ? "commit" : "test";
    for (const line of lines) {
      this.#report({ level: "debug", subject: this.#session.spec.machine, phase, message: line.slice(0, 500) });
    }
  }

  #nonsense(answer: string): RemoteOutputError {
    return new RemoteOutputError({
      summary: `${this.#session.spec.machine}: the host's word on job ${this.#id} makes no sense`,
      expected: "<state> <code> and four numbers of bytes, events as JSON lines",
      found: JSON.stringify(answer.slice(0, 200)),
      at: renderAddress(this.#session.spec),
      fix: `look at /nix/var/pulumi-clan/jobs/${this.#id} on the host`,
    });
  }

  #late(deadlineSeconds: number): RemoteDeadlineError {
    return new RemoteDeadlineError({
      summary: `${this.#session.spec.machine}: the job on the host did not end in time`,
      expected: `an end within ${deadlineSeconds} s`,
      found: "still running",
      at: renderAddress(this.#session.spec),
      fix: `look at the host: \`systemctl status pulumi-clan-${this.#id}\`, /nix/var/pulumi-clan/jobs/${this.#id}/log`,
    });
  }
}
