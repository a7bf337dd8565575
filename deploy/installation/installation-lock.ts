import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import { type HostBusy, HostLock } from "../activation/host-lock.ts";
import { composeScript } from "../host-script.ts";
import { HostSession } from "../host-session.ts";
import { ConnectionPool } from "../ssh/connection-pool.ts";
import { type ConnectionSpec, renderAddress } from "../ssh/connection-spec.ts";
import type { RemoteScript } from "../ssh/remote-command.ts";
import { InstallationFailedError, InstallationRefusedError } from "./errors.ts";

const here = new URL("./scripts/", import.meta.url);
const activation = new URL("../activation/scripts/", import.meta.url);
const files = [new URL("lock-place.sh", here), new URL("jobs.sh", activation), new URL("lock.sh", activation)];

/** For which an own connection that was lost is made again. */
const reconnectSeconds = 60;

/**
 * That nobody else installs the machine. A lock lives as long as the system it was taken on: after kexec it is taken anew, and
 * whoever is first goes on. One whose holder gave no sign of life for a minute can be taken over.
 */
export class InstallationLock implements AsyncDisposable {
  readonly #machine: string;
  readonly #report: Report;
  readonly #script: RemoteScript;
  readonly #token: string;
  readonly #by: string;
  #held: { readonly bootId: string; readonly lock: HostLock; readonly pool: ConnectionPool } | undefined;

  /** @param owner - shown to others. */
  constructor(machine: string, owner: { readonly project: string; readonly stack: string }, report: Report) {
    this.#machine = machine;
    this.#report = report;
    this.#token = randomBytes(8).toString("hex");
    this.#by = `the installation of ${owner.project}/${owner.stack} on ${hostname()}`.replaceAll(/\s+/g, " ");
    this.#script = composeScript("installation lock", files, [this.#token, this.#by]);
  }

  /**
   * @param bootId - of the system that answers there.
   * @returns true: it was not held before, so what was seen of the machine may be somebody else's work.
   * @throws {InstallationRefusedError} somebody else holds it.
   */
  async take(spec: ConnectionSpec, bootId: string, signal: AbortSignal): Promise<boolean> {
    if (this.#held?.bootId === bootId) {
      const busy = await this.#held.lock.renew(signal);
      if (busy !== undefined) throw this.#busy(spec, busy);
      return false;
    }
    await this.#release();
    await using opened = new AsyncDisposableStack();
    const pool = opened.use(new ConnectionPool());
    const elevation = spec.user === "root" ? "none" : "sudo";
    const session = new HostSession(pool, spec, reconnectSeconds, this.#report, elevation);
    const lock = await HostLock.take(session, this.#token, this.#by, this.#report, signal, this.#script);
    if (lock.kind === "busy") throw this.#busy(spec, lock);
    opened.move();
    this.#held = { bootId, lock, pool };
    return true;
  }

  /**
   * Does what must be done by one alone: its signal aborts when another one has taken the lock.
   * @throws {InstallationFailedError} then.
   */
  async during<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { lock } = this.#held ?? {};
    if (lock === undefined) throw new Error("the lock is taken before a phase begins");
    const [lost, done] = [new AbortController(), new AbortController()];
    const watching = this.#watch(lock, AbortSignal.any([signal, done.signal])).then((busy) => {
      if (busy !== undefined) lost.abort(this.#lost(busy));
    });
    try {
      return await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      done.abort();
      await watching;
    }
  }

  /** @returns to whom it was lost; undefined: it was held until nobody waited any more. */
  async #watch(lock: HostLock, signal: AbortSignal): Promise<HostBusy | undefined> {
    while (!signal.aborted) {
      try {
        await lock.gone(signal);
        const busy = await lock.renew(signal);
        if (busy !== undefined) return busy;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof FleetError)) throw error;
        // As long as the machine cannot be reached nobody knows; what is under way has a deadline of its own.
        await sleep(1_000, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  #busy(spec: ConnectionSpec, busy: HostBusy): InstallationRefusedError {
    return new InstallationRefusedError({
      summary: `${this.#machine}: somebody else is at work there, nothing was touched by this step`,
      expected: "nobody else to install it or to deploy to it",
      found: renderBusy(busy),
      at: renderAddress(spec),
      fix: "wait for its end, then look again; where it died, a minute after its last sign of life others may go on",
    });
  }

  #lost(busy: HostBusy): InstallationFailedError {
    return new InstallationFailedError({
      summary: `${this.#machine}: the way there was lost for so long that somebody else took over`,
      expected: "the installation's lock to be held to its end",
      found: renderBusy(busy),
      at: this.#machine,
      fix: "leave it to them, or wait for their end and run it again",
    });
  }

  async #release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    await held.lock[Symbol.asyncDispose]();
    await held.pool[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#release();
  }
}

function renderBusy({ since, by }: HostBusy): string {
  return since === 0 ? "busy" : `busy since ${new Date(since * 1000).toISOString()}, by ${by}`;
}
