import { setTimeout as sleep } from "node:timers/promises";
import { verdicts } from "../../../deploy/activation/plan-activation.ts";
import { storePathSchema } from "../../../deploy/activation/transaction.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import type { Fault } from "./faults.ts";
import { type HostMemory, now } from "./host-memory.ts";

/** What the product's supervisor is told in its `job.env`, as far as a stub needs it. */
export interface JobOrders {
  readonly activated: StorePath;
  readonly declared: StorePath;
  readonly previous: StorePath;
  readonly mode: string;
  readonly owner: string;
  readonly ackSeconds: number;
}

/** @returns undefined for a job that a stub cannot do: another action than a whole test, hooks, secrets, a boot alone, a Mac. */
export function readOrders(env: ReadonlyMap<string, string>): JobOrders | undefined {
  const one = (name: string): string => env.get(name) ?? "";
  const [activated, declared, previous] = ["activated", "declared", "previous"].map(
    (name) => storePathSchema.safeParse(one(name)).data,
  );
  if (activated === undefined || declared === undefined || previous === undefined) return undefined;
  const isPlain = one("action") === "test" && one("class") === "nixos" && one("staged") === "no";
  if (!isPlain || one("with_secrets") !== "no" || one("on_lost") !== "rollback") return undefined;
  const mode = one("mode");
  return { activated, declared, previous, mode, owner: one("owner"), ackSeconds: Number(one("ack_seconds")) };
}

interface Order {
  readonly word: string;
  readonly why: string;
}

/** One transaction, as scripts/supervisor.sh does it: test, wait for an order, commit or go back. */
export class StubJob {
  readonly id: string;
  readonly #host: HostMemory;
  readonly #orders: JobOrders;
  readonly #refuses: boolean;
  readonly #token: string;
  readonly #order = Promise.withResolvers<Order>();
  #ordered = false;
  #events = "";
  #log = "";
  #verdict: number | undefined;
  #news = Promise.withResolvers<void>();

  private constructor(host: HostMemory, id: string, orders: JobOrders, token: string, fault: Fault | undefined) {
    this.#host = host;
    this.id = id;
    this.#orders = orders;
    this.#token = token;
    this.#refuses = fault === "refuses";
  }

  /** @param switchMs - how long the switch to the new system takes. */
  static start(
    host: HostMemory,
    id: string,
    orders: JobOrders,
    token: string,
    { fault, switchMs }: { readonly fault: Fault | undefined; readonly switchMs: number },
  ): StubJob {
    const job = new StubJob(host, id, orders, token, fault);
    void job.#run(switchMs);
    return job;
  }

  /** As `job_state` of scripts/jobs.sh. */
  get state(): string {
    return this.#verdict === undefined ? "running" : `done ${this.#verdict}`;
  }

  /** Whether the order was the first one, and its giver's token the job's. */
  give(word: string, token: string, why: string): boolean {
    if (this.#verdict !== undefined || this.#ordered || token !== this.#token) return false;
    this.#ordered = true;
    this.#order.resolve({ word, why });
    return true;
  }

  /** As scripts/follow-job.sh: what is new since `offset` bytes of the log and `known` of the events; waits for it. */
  async follow(offset: number, known: number, waitMs: number): Promise<string> {
    const isQuiet = (): boolean =>
      this.#verdict === undefined && this.#log.length <= offset && this.#events.length <= known;
    const until = performance.now() + waitMs;
    while (isQuiet() && performance.now() < until) {
      await Promise.race([
        this.#news.promise,
        sleep(Math.max(1, until - performance.now()), undefined, { ref: false }),
      ]);
    }
    const events = this.#events.slice(known);
    const log = this.#log.slice(offset);
    const state = this.#verdict === undefined ? "running -" : this.state;
    return `${state} 0 ${log.length} 0 ${events.length}\n${events}${log}`;
  }

  async #run(switchMs: number): Promise<void> {
    const host = this.#host;
    const { activated, declared, mode, ackSeconds } = this.#orders;
    this.#tell("testing");
    this.#say("stopping the following units: heartbeat.service\nactivating the configuration...\n");
    await sleep(switchMs);
    if (this.#refuses) this.#say("error: a check before the switch failed\n");
    else host.current = activated;
    this.#tell("tested", { code: this.#refuses ? 1 : 0, current: host.current, ackSeconds });
    const late = sleep(
      ackSeconds * 1000,
      { word: "rollback", why: `no acknowledgement within ${ackSeconds} s` },
      { ref: false },
    );
    const { word, why } = await Promise.race([this.#order.promise, late]);
    this.#ordered = true;
    if (word === "rollback") return this.#goBack(why.replaceAll(/[^A-Za-z0-9 .,:;@_/()=+-]/g, "").slice(0, 500));
    host.transaction = undefined;
    if (word === "close") return this.#finish(verdicts.closed, "closed");
    if (mode !== "switch") return this.#finish(verdicts.acknowledged, "acknowledged");
    this.#tell("committing");
    this.#say("updating the boot entries\n");
    host.profile = declared;
    host.generation += 1;
    host.deployedAt = now();
    host.owner = this.#orders.owner;
    this.#finish(verdicts.committed, "committed", { secrets: "nothing" });
  }

  #goBack(why: string): void {
    this.#tell("rolling-back", { why });
    this.#host.current = this.#orders.previous;
    this.#host.transaction = undefined;
    this.#finish(verdicts.rolledBack, "rolled-back", { why });
  }

  #finish(verdict: number, state: string, more: object = {}): void {
    this.#tell(state, more);
    this.#verdict = verdict;
    this.#wake();
  }

  #tell(state: string, more: object = {}): void {
    this.#events += `${JSON.stringify({ at: now(), state, ...more })}\n`;
    this.#wake();
  }

  #say(text: string): void {
    this.#log += text;
    this.#wake();
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }
}
