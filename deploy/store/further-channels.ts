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
  readonly #hosts: SshHost[] = [];
  #isOver = false;

  /** @param spec - with the key that the first connection has seen. */
  constructor(spec: ConnectionSpec, open: (host: SshHost, scope: AbortSignal) => Promise<PathChannel>, report: Report) {
    this.#spec = spec;
    this.#open = open;
    this.#report = report;
  }

  /** Connections that came to be. */
  get count(): number {
    return this.#hosts.length;
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
    return Array.from({ length: plan.connections }, () => {
      const host = this.#connect(plan, scope);
      const channels = Array.from({ length: plan.channels }, () => this.#enter(host, scope, signal));
      void closeAfter(host, channels);
      return channels;
    }).flat();
  }

  async #connect({ backEnd }: FurtherConnections, scope: AbortSignal): Promise<SshHost | undefined> {
    try {
      const spec = { ...this.#spec, backEnd };
      const host = await connectOnce(spec, spec.attemptDeadlineSeconds * 1000, scope);
      this.#hosts.push(host);
      if (!this.#isOver) return host;
      await host[Symbol.asyncDispose]();
      return undefined;
    } catch (error) {
      return this.#without(error, scope);
    }
  }

  async #enter(
    connecting: Promise<SshHost | undefined>,
    scope: AbortSignal,
    signal: AbortSignal,
  ): Promise<PathChannel | undefined> {
    try {
      const host = await connecting;
      if (host === undefined) return undefined;
      const channel = await this.#open(host, scope);
      channel.process.useScope(signal);
      return channel;
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#hosts.map((host) => host[Symbol.asyncDispose]()));
  }
}

/** Says goodbye when the last channel has ended, and not only when the push has: a goodbye takes a round trip. */
async function closeAfter(
  connecting: Promise<SshHost | undefined>,
  channels: readonly Promise<PathChannel | undefined>[],
): Promise<void> {
  const opened = await Promise.allSettled([connecting, ...channels]);
  if (opened.some(({ status }) => status === "rejected")) return; // the push fails, and its end closes what is open
  const host = await connecting;
  for (const opening of channels) await (await opening)?.process.untilClosed();
  await host?.[Symbol.asyncDispose]();
}
