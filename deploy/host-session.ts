import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../report.ts";
import { ConnectionLostError } from "./errors.ts";
import { type FactsQuestion, type HostFacts, readFacts } from "./host-facts.ts";
import type { ConnectionPool } from "./ssh/connection-pool.ts";
import type { ConnectionSpec } from "./ssh/connection-spec.ts";
import type { Elevation, RemoteScript } from "./ssh/remote-command.ts";
import type { ExecOptions, SshHost } from "./ssh/ssh-host.ts";

/** A host during one deployment: its connection, got again when it is lost, and the way to be root there. */
export class HostSession {
  readonly #spec: ConnectionSpec;
  readonly #pool: ConnectionPool;
  readonly #report: Report;
  readonly #reconnectDeadlineSeconds: number;
  #elevation: Elevation;
  #last: SshHost | undefined;

  /** @param elevation - the way to be root, where it is known before any facts. */
  constructor(
    pool: ConnectionPool,
    spec: ConnectionSpec,
    reconnectDeadlineSeconds: number,
    report: Report,
    elevation: Elevation = "none",
  ) {
    this.#elevation = elevation;
    this.#pool = pool;
    this.#spec = spec;
    this.#reconnectDeadlineSeconds = reconnectDeadlineSeconds;
    this.#report = report;
  }

  /** The way to the host. A key that was accepted on first use is pinned in it: every further connection must show it. */
  get spec(): ConnectionSpec {
    return this.#last?.spec ?? this.#spec;
  }

  get elevation(): Elevation {
    return this.#elevation;
  }

  /** The connection that is open now. */
  get connected(): SshHost | undefined {
    return this.#last?.dead.aborted === false ? this.#last : undefined;
  }

  async connection(signal: AbortSignal): Promise<SshHost> {
    // A host that was there a moment ago is waited for as long as the policy says, not as long as for a first connection.
    const again = { connectDeadlineSeconds: this.#reconnectDeadlineSeconds };
    const spec = this.#last === undefined ? this.spec : { ...this.spec, ...again };
    this.#last = await this.#pool.acquire(spec, this.#report, signal);
    return this.#last;
  }

  /** Facts, and from them the way to be root. */
  async facts(question: FactsQuestion, signal: AbortSignal): Promise<HostFacts> {
    const facts = await this.retried((host) => readFacts(host, question, signal), signal);
    this.#elevation = facts.loginUid === 0 ? "none" : "sudo";
    return facts;
  }

  /** Runs a script of ours as root. */
  async script(script: RemoteScript, options: Omit<ExecOptions, "elevation">, signal: AbortSignal): Promise<string> {
    const host = await this.connection(signal);
    return host.read(script, { ...options, elevation: this.#elevation }, signal);
  }

  /** For what may be done twice: after a lost connection it is done once more over a new one, until the deadline. */
  async retried<T>(action: (host: SshHost) => Promise<T>, signal: AbortSignal): Promise<T> {
    const until = performance.now() + this.#reconnectDeadlineSeconds * 1000;
    for (;;) {
      try {
        return await action(await this.connection(signal));
      } catch (error) {
        if (!(error instanceof ConnectionLostError) || performance.now() > until) throw error;
        const message = "connection lost, connecting again";
        this.#report({ level: "warning", subject: this.spec.machine, phase: "connect", message });
        // A host that accepts connections and drops them at once is not to be hammered at.
        await sleep(50 + Math.random() * 200, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }
}
