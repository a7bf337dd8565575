import { createHmac, randomBytes } from "node:crypto";
import type { Report } from "../../report.ts";
import { connect } from "./connect.ts";
import type { ConnectionSpec } from "./connection-spec.ts";
import type { SshHost } from "./ssh-host.ts";

/**
 * One connection per host for a whole run; a dead one is replaced when it is asked for next. Who makes a pool disposes of
 * it, which closes everything; who acquires from it disposes of nothing.
 */
export class ConnectionPool implements AsyncDisposable {
  readonly #open = new Map<string, Promise<SshHost>>();
  /** Specs with what was accepted on first use: the first use of a run is one, not one for every connection. */
  readonly #pinned = new Map<string, ConnectionSpec>();
  readonly #closed = new AbortController();

  /** The caller does not dispose of what it gets: the pool does. @throws what `connect` throws */
  async acquire(spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
    const key = keyOf(spec);
    for (;;) {
      this.#closed.signal.throwIfAborted();
      const entry = this.#open.get(key);
      if (entry === undefined) return this.#connect(key, spec, report, signal);
      const host = await settled(entry, signal);
      if (host !== undefined && !host.dead.aborted) return host;
      if (this.#open.get(key) === entry) this.#open.delete(key);
    }
  }

  #connect(key: string, spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
    const { hostKeys } = this.#pinned.get(key) ?? spec;
    const opening = this.#dial(key, { ...spec, hostKeys }, report, AbortSignal.any([signal, this.#closed.signal]));
    this.#open.set(key, opening);
    return opening;
  }

  async #dial(key: string, spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
    const host = await connect(spec, report, signal);
    if (host.hostKeyIsNew) {
      this.#pinned.set(key, host.spec);
      this.#open.set(keyOf(host.spec), Promise.resolve(host)); // who goes on with its spec means this connection
    }
    return host;
  }

  /** What is being opened is given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the connections of this run were closed"));
    const all = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    await Promise.all(all.map((host) => (host.status === "fulfilled" ? host.value[Symbol.asyncDispose]() : undefined)));
  }
}

/** Another caller's connection; undefined when it failed: that caller got the error. Its patience is not ours. */
async function settled(entry: Promise<SshHost>, signal: AbortSignal): Promise<SshHost | undefined> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<SshHost | undefined>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  entry.then(resolve, () => resolve(undefined));
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}

/** Tells passwords apart without keeping them. */
const salt = randomBytes(16);

/** Different pins are different connections: what another caller trusts is not what this one trusts. The patience makes no difference. */
function keyOf(spec: ConnectionSpec): string {
  const { connectDeadlineSeconds: _, attemptDeadlineSeconds: __, definedAt: ___, sudoPassword, ...way } = spec;
  const password = sudoPassword && createHmac("sha256", salt).update(sudoPassword.reveal()).digest("base64");
  return JSON.stringify([way, password]);
}
