import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import { connectOnce } from "../ssh/connect.ts";
import type { ConnectionSpec } from "../ssh/connection-spec.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { PathChannel } from "./path-channel.ts";
import type { FurtherConnections } from "./plan-sending.ts";
import type { Help } from "./send-paths.ts";

/** Further connections to a host that is being sent to. Disposal closes them. */
export class FurtherChannels implements AsyncDisposable {
  readonly #spec: ConnectionSpec;
  readonly #open: (host: SshHost, scope: AbortSignal) => Promise<PathChannel>;
  readonly #report: Report;
  readonly #hosts = new AsyncDisposableStack();
  /** Connections that came to be. */
  count = 0;

  /** @param spec - with the key that the first connection has seen. */
  constructor(spec: ConnectionSpec, open: (host: SshHost, scope: AbortSignal) => Promise<PathChannel>, report: Report) {
    this.#spec = spec;
    this.#open = open;
    this.#report = report;
  }

  /** A host that allows no more connections, or an operator without OpenSSH, costs the help and not the push: undefined. */
  help(plan: FurtherConnections): Help {
    return { handsOver: plan.handsOver, open: (signal, enough) => this.#join(plan, signal, enough) };
  }

  #join(
    plan: FurtherConnections,
    signal: AbortSignal,
    enough: AbortSignal,
  ): readonly Promise<PathChannel | undefined>[] {
    const scope = AbortSignal.any([signal, enough]);
    return Array.from({ length: plan.connections }, () => this.#connect(plan, scope)).flatMap((host) =>
      Array.from({ length: plan.channels }, async () => {
        try {
          const there = await host;
          if (there === undefined) return undefined;
          const channel = await this.#open(there, scope);
          channel.process.useScope(signal);
          return channel;
        } catch (error) {
          return this.#without(error, scope);
        }
      }),
    );
  }

  async #connect({ backEnd }: FurtherConnections, scope: AbortSignal): Promise<SshHost | undefined> {
    try {
      const spec = { ...this.#spec, backEnd };
      const host = this.#hosts.use(await connectOnce(spec, spec.attemptDeadlineSeconds * 1000, scope));
      this.count += 1;
      return host;
    } catch (error) {
      return this.#without(error, scope);
    }
  }

  #without(error: unknown, scope: AbortSignal): undefined {
    if (scope.aborted) return undefined; // everything is on its way
    if (!(error instanceof FleetError)) throw error;
    const message = `no further connection for the push: ${error.message.split("\n", 1)[0]}`;
    this.#report({ level: "debug", subject: this.#spec.machine, phase: "push", message });
    return undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#hosts.disposeAsync();
  }
}
