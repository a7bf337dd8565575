import { setTimeout as sleep } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { RemoteCommandError, RemoteDeadlineError, RemoteOutputError } from "../errors.ts";
import { collectBounded } from "./bounded-text.ts";
import { connectionLost } from "./connection-errors.ts";
import { type ConnectionSpec, renderAddress } from "./connection-spec.ts";
import type { HostKey } from "./host-key.ts";
import { type Elevation, nameOf, type RemoteCommand, renderRemoteCommand } from "./remote-command.ts";

export interface ExecOptions {
  readonly elevation?: Elevation;
  /** A program's whole input. Not for scripts: dash reads ahead, and what follows the script would be lost. */
  readonly stdin?: string;
  /** Default 60. */
  readonly deadlineSeconds?: number;
  /** Bound for stdout; more is an error. Default 1 MiB. Of stderr the last 64 KiB are kept. */
  readonly maxOutputBytes?: number;
}

export interface ExecResult {
  /** Absent: ended by a signal. */
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs on a host. */
export interface RemoteProcess {
  readonly channel: ClientChannel;
  /** Its exit code; undefined: ended by a signal. Rejects with ConnectionLostError when the channel closes without one. */
  readonly ended: Promise<number | undefined>;
}

/** An open, authenticated connection. Every wait on it ends when it dies, when its deadline passes, or by the caller's signal. */
export class SshHost implements AsyncDisposable {
  readonly spec: ConnectionSpec;
  /** The pinned key that the host showed. */
  readonly hostKey: HostKey;
  /** Aborts with a ConnectionLostError when the connection dies. */
  readonly dead: AbortSignal;
  readonly #client: Client;
  #reason = "the host closed it";

  constructor(client: Client, spec: ConnectionSpec, hostKey: HostKey) {
    this.#client = client;
    this.spec = spec;
    this.hostKey = hostKey;
    const death = new AbortController();
    this.dead = death.signal;
    client.on("error", (error) => {
      this.#reason = error.message;
    });
    client.once("close", () => death.abort(connectionLost(spec, this.#reason)));
  }

  /**
   * Runs a command to its end, whatever its exit code.
   * @throws {ConnectionLostError} @throws {RemoteDeadlineError} @throws {RemoteOutputError} for too much output
   */
  async exec(command: RemoteCommand, options: ExecOptions, signal: AbortSignal): Promise<ExecResult> {
    if ("text" in command && options.stdin !== undefined) throw new TypeError("a script has its text as input");
    const seconds = options.deadlineSeconds ?? 60;
    const deadline = AbortSignal.timeout(seconds * 1000);
    const scope = AbortSignal.any([signal, this.dead, deadline]);
    try {
      return await this.#run(command, options, scope);
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted && !this.dead.aborted) throw this.#late(command, seconds);
      throw error;
    }
  }

  /** As `exec`, but an exit code other than 0 is an error. @throws {RemoteCommandError} */
  async read(command: RemoteCommand, options: ExecOptions, signal: AbortSignal): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command, options, signal);
    if (code === 0) return stdout;
    throw new RemoteCommandError({
      summary: `${this.spec.machine}: \`${nameOf(command)}\` failed on the host`,
      expected: "exit code 0",
      found: `${code === undefined ? "ended by a signal" : `exit code ${code}`}: ${lastLines(stderr || stdout)}`,
      at: renderAddress(this.spec),
      fix: "correct what the message says, then run it again",
    });
  }

  /**
   * Starts a command whose life the caller manages.
   * The channel's death follows the connection's: race every wait against `dead`.
   */
  start(command: RemoteCommand, elevation: Elevation, scope: AbortSignal): Promise<RemoteProcess> {
    const { promise, resolve, reject } = Promise.withResolvers<RemoteProcess>();
    if (scope.aborted) return Promise.reject(scope.reason);
    const onAbort = (): void => reject(scope.reason);
    scope.addEventListener("abort", onAbort, { once: true });
    try {
      this.#client.exec(renderRemoteCommand(command, elevation), (error, channel) => {
        if (error) return reject(connectionLost(this.spec, error.message));
        // Now, not after the caller's `await`: a short command's "exit" and "close" are in the same packet as the answer.
        const process = { channel, ended: this.#end(channel) };
        if (scope.aborted) channel.close();
        resolve(process);
      });
    } catch (error) {
      // ssh2 throws "Not connected" here when the socket went away a moment ago.
      reject(connectionLost(this.spec, error instanceof Error ? error.message : String(error)));
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
      if (exited === undefined) reject(connectionLost(this.spec, "the channel was closed before the command ended"));
      else resolve(exited.code ?? undefined);
    });
    promise.catch(() => undefined); // who waits gets it; who has given up needs no unhandled rejection
    return promise;
  }

  async #run(command: RemoteCommand, options: ExecOptions, scope: AbortSignal): Promise<ExecResult> {
    const { channel, ended } = await this.start(command, options.elevation ?? "none", scope);
    const maxBytes = options.maxOutputBytes ?? 1024 * 1024;
    const stdout = collectBounded(channel, maxBytes, "head");
    const stderr = collectBounded(channel.stderr, 64 * 1024, "tail");
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(scope.reason);
    scope.addEventListener("abort", onAbort, { once: true });
    if (scope.aborted) onAbort();
    // Not waited for: after the connection's death ssh2 1.17 calls neither the write's callback nor "drain".
    channel.end("text" in command ? command.text : (options.stdin ?? ""));
    try {
      const code = await Promise.race([ended, stopped.promise]);
      if (stdout.overflowed) throw this.#tooMuch(command, maxBytes);
      return { ...(code === undefined ? {} : { code }), stdout: stdout.text(), stderr: stderr.text() };
    } finally {
      scope.removeEventListener("abort", onAbort);
      if (scope.aborted && !this.dead.aborted) channel.close();
    }
  }

  #late(command: RemoteCommand, seconds: number): RemoteDeadlineError {
    return new RemoteDeadlineError({
      summary: `${this.spec.machine}: \`${nameOf(command)}\` did not end in time`,
      expected: `an end within ${seconds} s`,
      found: "still running",
      at: renderAddress(this.spec),
      fix: "look at the host: `ps`, `df`, `journalctl -e`; then run it again",
    });
  }

  #tooMuch(command: RemoteCommand, maxBytes: number): RemoteOutputError {
    return new RemoteOutputError({
      summary: `${this.spec.machine}: \`${nameOf(command)}\` printed too much`,
      expected: `at most ${maxBytes} bytes`,
      found: "more",
      at: renderAddress(this.spec),
      fix: "run the command on the host and see what is wrong there",
    });
  }

  /** Says goodbye, and waits for it a second at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.dead.aborted) return;
    const closed = new Promise<void>((resolve) => {
      this.dead.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#client.end();
    await Promise.race([closed, sleep(1_000, undefined, { ref: false })]);
    this.#client.destroy();
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-5).join("\n").slice(-2_000);
}
