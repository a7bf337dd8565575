import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import { untilAborted } from "../../until-aborted.ts";
import { connectOnce } from "../ssh/connect.ts";
import type { ConnectionSpec } from "../ssh/connection-spec.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import type { PathChannel } from "./path-channel.ts";
import type { FurtherConnections } from "./plan-sending.ts";
import type { Help } from "./send-paths.ts";

type Open = (host: SshHost, scope: AbortSignal) => Promise<PathChannel>;

/** Further connections to a host that is being sent to. Disposal closes them. */
export class FurtherChannels implements AsyncDisposable {
  readonly #spec: ConnectionSpec;
  readonly #report: Report;
  readonly #hosts: SshHost[] = [];
  /** Begun before it was known that they are needed. */
  readonly #ahead: Promise<SshHost | undefined>[] = [];
  readonly #over = new AbortController();
  #count = 0;

  /** @param spec - with the key that the first connection has seen. */
  constructor(spec: ConnectionSpec, report: Report) {
    this.#spec = spec;
    this.#report = report;
  }

  /** Connections that came to be, and were not only begun. */
  get count(): number {
    return this.#count;
  }

  /** Begins to connect, while it is still found out whether help is needed: over a long way that takes as long. */
  begin(plan: FurtherConnections, signal: AbortSignal): void {
    const scope = AbortSignal.any([signal, this.#over.signal]);
    for (let index = 0; index < plan.connections; index++) {
      const connecting = this.#connect(plan, scope);
      connecting.catch(() => undefined); // who needs it hears of it
      this.#ahead.push(connecting);
    }
  }

  /** A host that allows no more connections, or an operator without OpenSSH, costs the help and not the push: undefined. */
  help(plan: FurtherConnections, open: Open): Help {
    return { handsOver: plan.handsOver, open: (signal, enough) => this.#join(plan, open, signal, enough) };
  }

  #join(
    plan: FurtherConnections,
    open: Open,
    signal: AbortSignal,
    enough: AbortSignal,
  ): readonly Promise<PathChannel | undefined>[] {
    const scope = AbortSignal.any([signal, enough]);
    return Array.from({ length: plan.connections }, () => {
      const host = this.#take(plan, scope);
      const channels = Array.from({ length: plan.channels }, () => this.#enter(host, open, scope, signal));
      void closeAfter(host, channels);
      return channels;
    }).flat();
  }

  /** @returns one that was begun ahead, or another one; undefined when everything is on its way before it is there. */
  async #take(plan: FurtherConnections, scope: AbortSignal): Promise<SshHost | undefined> {
    const ahead = this.#ahead.shift();
    try {
      const host = await (ahead === undefined ? this.#connect(plan, scope) : untilAborted(ahead, scope));
      this.#count += host === undefined ? 0 : 1;
      return host;
    } catch (error) {
      return this.#without(error, scope);
    }
  }

  async #connect({ backEnd }: FurtherConnections, scope: AbortSignal): Promise<SshHost | undefined> {
    try {
      const spec = { ...this.#spec, backEnd };
      const host = await connectOnce(spec, spec.attemptDeadlineSeconds * 1000, scope);
      this.#hosts.push(host);
      if (!this.#over.signal.aborted) return host;
      await host[Symbol.asyncDispose]();
      return undefined;
    } catch (error) {
      return this.#without(error, scope);
    }
  }

  async #enter(
    connecting: Promise<SshHost | undefined>,
    open: Open,
    scope: AbortSignal,
    signal: AbortSignal,
  ): Promise<PathChannel | undefined> {
    try {
      const host = await connecting;
      if (host === undefined) return undefined;
      const channel = await open(host, scope);
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
    this.#over.abort();
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
