import type { Report } from "../../report.ts";
import { connect } from "./connect.ts";
import { type ConnectionSpec, renderAddress } from "./connection-spec.ts";
import type { SshHost } from "./ssh-host.ts";

/** One connection per host for a whole run; a dead one is replaced when it is asked for next. */
export class ConnectionPool implements AsyncDisposable {
  readonly #open = new Map<string, Promise<SshHost>>();

  /** The caller does not dispose of what it gets: the pool does. @throws what `connect` throws */
  async acquire(spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
    const key = keyOf(spec);
    for (;;) {
      const entry = this.#open.get(key);
      if (entry === undefined) return this.#connect(key, spec, report, signal);
      const host = await entry.catch(() => undefined); // whoever opened it got the error
      signal.throwIfAborted();
      if (host !== undefined && !host.dead.aborted) return host;
      if (this.#open.get(key) === entry) this.#open.delete(key);
    }
  }

  #connect(key: string, spec: ConnectionSpec, report: Report, signal: AbortSignal): Promise<SshHost> {
    const opening = connect(spec, report, signal);
    this.#open.set(key, opening);
    return opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = await Promise.allSettled(this.#open.values());
    this.#open.clear();
    await Promise.all(all.map((host) => (host.status === "fulfilled" ? host.value[Symbol.asyncDispose]() : undefined)));
  }
}

/** Different pins are different connections: what another caller trusts is not what this one trusts. */
function keyOf(spec: ConnectionSpec): string {
  return JSON.stringify([
    spec.user,
    renderAddress(spec),
    spec.hostKeys.map(({ key }) => key),
    spec.identityFiles,
    spec.agent,
  ]);
}
