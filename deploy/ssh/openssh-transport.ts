import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { connectionLost } from "./connection-errors.ts";
import type { ConnectionSpec } from "./connection-spec.ts";
import { lastWord } from "./openssh-log.ts";
import type { OpensshOptions } from "./openssh-options.ts";
import { ProcessChannel } from "./process-channel.ts";
import { noListener } from "./ssh2-transport.ts";
import type { RemoteProcess, Transport } from "./transport.ts";

/** What holds a connection open: the only client that dials. */
export interface Master {
  readonly child: ChildProcessWithoutNullStreams;
  /** Its log. */
  readonly log: string;
  /** Socket through which the others use its connection. */
  readonly control: string;
}

/** A connection of OpenSSH's: one client holds it, one more runs for each command. */
export class OpensshTransport implements Transport {
  readonly backEnd = "openssh";
  readonly roundTripMs = undefined; // its client says when the command has ended, not when it has begun
  readonly gone: Promise<string>;
  readonly #master: Master;
  readonly #options: OpensshOptions;
  readonly #spec: ConnectionSpec;
  #clients = 0;

  /** Takes over the options, and removes their folder at its end. */
  constructor(master: Master, options: OpensshOptions, spec: ConnectionSpec) {
    this.#master = master;
    this.#options = options;
    this.#spec = spec;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.gone = promise;
    master.child.once("close", () => {
      // Who loses a connection often gets another one and never disposes of this: its files go with it.
      const remove = (): void => void Promise.resolve(options[Symbol.asyncDispose]()).catch(() => undefined); // the disposal tries again
      readFile(master.log, "utf8")
        .then(
          (log) => resolve(lastWord(log) ?? "the host closed it"),
          () => resolve("the host closed it"), // the folder went with the disposal
        )
        .then(remove);
    });
  }

  async run(line: string, scope: AbortSignal): Promise<RemoteProcess> {
    scope.throwIfAborted();
    const log = join(this.#options.folder, `client-${++this.#clients}`);
    // -vv: whether the exit code is the command's or the client's own is said in no other way; both use 255.
    const child = this.#client(["-T", "-e", "none", "-vv", "-E", log], [line]);
    const channel = new ProcessChannel(child);
    const ended = this.#end(child, channel, log);
    ended.catch(() => undefined); // who waits gets it; who has given up needs no unhandled rejection
    return { channel, ended };
  }

  async openSocket(path: string, scope: AbortSignal): Promise<Duplex> {
    if (!/^\/[A-Za-z0-9/._-]+$/.test(path)) throw new TypeError(`not the path of a socket: ${JSON.stringify(path)}`);
    const local = join(this.#options.folder, `s${++this.#clients}`);
    const forwarding = this.#client(["-O", "forward", "-L", `${local}:${path}`], []);
    const onAbort = (): void => void forwarding.kill();
    scope.addEventListener("abort", onAbort, { once: true });
    const stderr: Buffer[] = [];
    forwarding.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    forwarding.stdout.resume();
    const [code] = await once(forwarding, "close").finally(() => scope.removeEventListener("abort", onAbort));
    scope.throwIfAborted();
    if (code !== 0)
      throw noListener(this.#spec, path, Buffer.concat(stderr).toString().trim() || `ssh ended with ${code}`);
    const socket = connectSocket(local);
    socket.once("close", () => void this.#forget(local, path));
    return socket;
  }

  async openTcp(address: string, port: number, scope: AbortSignal): Promise<Duplex> {
    scope.throwIfAborted();
    const child = this.#client(["-W", `${address.includes(":") ? `[${address}]` : address}:${port}`], []);
    child.stderr.resume();
    return new ProcessChannel(child); // a refusal is its end: ssh says nothing when the connection stands
  }

  /** Through the master alone: without it a client would dial for itself, and `false` is no way to any host. */
  #client(options: readonly string[], command: readonly string[]): ChildProcessWithoutNullStreams {
    const way = ["-o", "ProxyCommand=false", "-S", this.#master.control, ...options, "--", this.#spec.machine];
    return spawn("ssh", [...this.#options.args, ...way, ...command], { stdio: "pipe" });
  }

  async #end(child: ChildProcessWithoutNullStreams, channel: ProcessChannel, log: string): Promise<number | undefined> {
    const [code] = await once(child, "close");
    const exited = code === 255 ? await this.#exited(log) : code;
    await rm(log, { force: true });
    if (!channel.readableEnded && !channel.destroyed)
      await Promise.race([once(channel, "end"), once(channel, "close")]);
    const { givenUp } = channel;
    channel.destroy();
    if (typeof exited === "number") return exited;
    if (givenUp) throw connectionLost(this.#spec, "the channel was closed before the command ended");
    // Killed by a signal, of which ssh says nothing; or the connection went, and with it the master.
    if (await this.#alive()) return undefined;
    throw connectionLost(this.#spec, await Promise.race([this.gone, sleep(2_000, "the command's end is unknown")]));
  }

  async #exited(log: string): Promise<number | "unknown"> {
    const text = await readFile(log, "utf8").catch(() => ""); // gone with the disposal
    return /Received exit status from master (\d+)/.test(text) ? 255 : "unknown";
  }

  async #alive(): Promise<boolean> {
    const check = this.#client(["-O", "check"], []);
    check.stdout.resume();
    check.stderr.resume();
    const [code] = await once(check, "close");
    return code === 0;
  }

  async #forget(local: string, path: string): Promise<void> {
    if (this.#master.child.exitCode !== null) return;
    const cancel = this.#client(["-O", "cancel", "-L", `${local}:${path}`], []);
    cancel.stdout.resume();
    cancel.stderr.resume();
    await once(cancel, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child } = this.#master;
    child.stdin.end(); // the master's own command waits for this end, and the master for its command
    await Promise.race([this.gone, sleep(1_000, undefined, { ref: false })]);
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await this.#options[Symbol.asyncDispose]();
  }
}
