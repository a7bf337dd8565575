import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SshHost } from "../ssh/ssh-host.ts";

/** A port of this machine behind which a host's own sshd answers. Disposal closes it and everything on it. */
export interface LoopbackCarrier extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** From now on a connection that dies is not made again: whoever waits for the host to go down sees it go. */
  letGo(): void;
}

export interface CarrierOptions {
  /** Opens a connection that shows a pinned key; the carrier disposes of it. */
  readonly dial: (signal: AbortSignal) => Promise<SshHost>;
  /** Where the host's sshd listens, as the host itself reaches it. */
  readonly sshPort: number;
  /** Told why somebody on the port got no answer. */
  readonly onFailure: (reason: string) => void;
}

/** For one stream to be there. */
const streamMs = 20_000;

/**
 * Carries the connections of a program that checks no host keys inside ours, which is pinned: each becomes a stream to the
 * host's own sshd. Others on this machine can connect to the port as well; it gives them what the host's address does.
 */
export async function openLoopbackCarrier(options: CarrierOptions, signal: AbortSignal): Promise<LoopbackCarrier> {
  const carried = new CarriedHost(options, signal);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // the other side's end; "close" follows
    void carried.carry(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening", { signal });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has an address and a port");
  return {
    port: address.port,
    letGo: () => carried.letGo(),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, carried[Symbol.asyncDispose]()]);
    },
  };
}

/** The host behind the port: one connection at a time, made again when it is lost. */
class CarriedHost implements AsyncDisposable {
  readonly #options: CarrierOptions;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;
  #host: Promise<SshHost> | undefined;
  #holds = true;

  constructor(options: CarrierOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = AbortSignal.any([signal, this.#closed.signal]);
  }

  letGo(): void {
    this.#holds = false;
  }

  async carry(socket: Socket): Promise<void> {
    try {
      const stream = await this.#open();
      await pipeline(socket, stream, socket);
    } catch (error) {
      this.#options.onFailure(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    } finally {
      socket.destroy();
    }
  }

  async #open(): Promise<Duplex> {
    const scope = AbortSignal.any([this.#signal, AbortSignal.timeout(streamMs)]);
    const host = await this.#connected(scope);
    try {
      return await host.openTcp("127.0.0.1", this.#options.sshPort, scope);
    } catch (error) {
      // A host that was started anew says nothing to a connection of before: the next one gets another.
      if (scope.aborted) await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One after the other: whoever comes while it is being dialled takes what the one before got. */
  #connected(scope: AbortSignal): Promise<SshHost> {
    const next = this.#after(this.#host, scope);
    next.catch(() => undefined); // who waits gets it; the next one dials again
    this.#host = next;
    return next;
  }

  async #after(before: Promise<SshHost> | undefined, scope: AbortSignal): Promise<SshHost> {
    const known = await before?.catch(() => undefined);
    if (known !== undefined && !known.dead.aborted) return known;
    if (!this.#holds && before !== undefined) throw new Error("the host went down, as it was told to");
    return this.#options.dial(scope);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new Error("the carrier was closed"));
    const host = await this.#host?.catch(() => undefined);
    await host?.[Symbol.asyncDispose]();
  }
}
