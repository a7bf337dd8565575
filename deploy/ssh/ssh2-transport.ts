import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { RemoteCommandError } from "../errors.ts";
import { connectionLost } from "./connection-errors.ts";
import { type ConnectionSpec, renderAddress } from "./connection-spec.ts";
import type { RemoteProcess, Transport } from "./transport.ts";

/** A connection in this process. */
export class Ssh2Transport implements Transport {
  readonly backEnd = "ssh2";
  roundTripMs: number | undefined;
  readonly gone: Promise<string>;
  readonly #client: Client;
  readonly #spec: ConnectionSpec;
  /** Connections to the jump hosts, the nearest first. */
  readonly #way: readonly Client[];
  #reason: string | undefined;

  constructor(client: Client, spec: ConnectionSpec, way: readonly Client[]) {
    this.#client = client;
    this.#spec = spec;
    this.#way = way;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.gone = promise;
    client.on("error", (error) => {
      this.#reason = error.message;
    });
    client.once("close", () => resolve(this.#reason ?? "the host closed it"));
    spec.jumpHosts.forEach(({ name }, index) => {
      const hop = way[index];
      hop?.on("error", (error) => {
        this.#reason = `jump host ${name}: ${error.message}`;
      });
      // ssh2 1.17 does not close what goes through a connection when that dies.
      hop?.once("close", () => client.destroy());
    });
  }

  run(line: string, scope: AbortSignal): Promise<RemoteProcess> {
    const asked = performance.now();
    return this.#ask(scope, (resolve, reject) => {
      this.#client.exec(line, (error, channel) => {
        if (error) return reject(connectionLost(this.#spec, error.message));
        // A channel is opened, and sshd answers for the command before that has done anything.
        this.roundTripMs = Math.min(this.roundTripMs ?? Number.POSITIVE_INFINITY, (performance.now() - asked) / 2);
        // Now, not after the caller's `await`: a short command's "exit" and "close" are in the same packet as the answer.
        const process = { channel, ended: this.#end(channel) };
        if (scope.aborted) channel.close();
        resolve(process);
      });
    });
  }

  openSocket(path: string, scope: AbortSignal): Promise<Duplex> {
    return this.#ask(scope, (resolve, reject) => {
      this.#client.openssh_forwardOutStreamLocal(path, (error, channel) => {
        if (error) return reject(noListener(this.#spec, path, error.message));
        if (scope.aborted) channel.close();
        channel.on("error", (late: Error) => {
          this.#reason = late.message;
        });
        resolve(channel);
      });
    });
  }

  openTcp(address: string, port: number, scope: AbortSignal): Promise<Duplex> {
    return this.#ask(scope, (resolve, reject) => {
      this.#client.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
        if (error) return reject(noForwarding(this.#spec, `${address}:${port}`, error.message));
        if (scope.aborted) channel.close();
        channel.on("error", (late: Error) => {
          this.#reason = late.message;
        });
        resolve(channel);
      });
    });
  }

  #ask<T>(scope: AbortSignal, send: (resolve: (value: T) => void, reject: (error: unknown) => void) => void) {
    if (scope.aborted) return Promise.reject<T>(scope.reason);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = (): void => reject(scope.reason);
    scope.addEventListener("abort", onAbort, { once: true });
    try {
      send(resolve, reject);
    } catch (error) {
      // ssh2 throws "Not connected" here when the socket went away a moment ago.
      reject(connectionLost(this.#spec, error instanceof Error ? error.message : String(error)));
    }
    return promise.finally(() => scope.removeEventListener("abort", onAbort));
  }

  #end(channel: ClientChannel): Promise<number | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    let exited: { readonly code: number | null } | undefined;
    channel.on("error", (late: Error) => {
      this.#reason = late.message;
    });
    channel.once("exit", (code: number | null) => {
      exited = { code };
    });
    channel.once("close", () => {
      if (exited === undefined)
        reject(connectionLost(this.#spec, this.#reason ?? "the channel was closed before the command ended"));
      else resolve(exited.code ?? undefined);
    });
    promise.catch(() => undefined); // who waits gets it; who has given up needs no unhandled rejection
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.end();
    await Promise.race([this.gone, sleep(1_000, undefined, { ref: false })]);
    for (const client of [this.#client, ...this.#way.toReversed()]) client.destroy();
  }
}

/** Nobody listens at a socket of the host's, or sshd does not forward to it. */
export function noListener(spec: ConnectionSpec, path: string, found: string): RemoteCommandError {
  return new RemoteCommandError({
    summary: `${spec.machine}: the socket ${path} cannot be reached on the host`,
    expected: "a process that listens there, and sshd's AllowStreamLocalForwarding",
    found,
    at: renderAddress(spec),
    fix: "start the service, or allow the forwarding",
  });
}

/** The host does not connect to where a stream shall go, or sshd forwards nothing. */
function noForwarding(spec: ConnectionSpec, to: string, found: string): RemoteCommandError {
  return new RemoteCommandError({
    summary: `${spec.machine}: ${to} cannot be reached from the host`,
    expected: "a process that listens there, and sshd's AllowTcpForwarding",
    found,
    at: renderAddress(spec),
    fix: "allow the forwarding in the host's sshd_config",
  });
}
