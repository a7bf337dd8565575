import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { traced, type Work } from "../../trace.ts";
import { ConnectionLostError, RemoteCommandError, RemoteDeadlineError, RemoteOutputError } from "../errors.ts";
import { collectBounded } from "./bounded-text.ts";
import { connectionLost } from "./connection-errors.ts";
import { type ConnectionSpec, renderAddress } from "./connection-spec.ts";
import type { HostKey } from "./host-key.ts";
import { argvOf, type Elevation, nameOf, type RemoteCommand, renderRemoteCommand } from "./remote-command.ts";
import { quoteCommand } from "./shell-quote.ts";
import {
  type ElevatedLine,
  elevate,
  probeWithoutQuestion,
  probeWithPassword,
  type SudoWay,
  sudoFailed,
} from "./sudo.ts";
import type { BackEnd, RemoteProcess, Transport } from "./transport.ts";

export type { HostChannel, RemoteProcess } from "./transport.ts";

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

/** An open, authenticated connection. Every wait on it ends when it dies, when its deadline passes, or by the caller's signal. */
export class SshHost implements AsyncDisposable {
  /** As it was given; a key that was accepted on first use is pinned in it. */
  readonly spec: ConnectionSpec;
  /** The key that the host showed: pinned, certified, or accepted as `hostKeyPolicy` allows. */
  readonly hostKey: HostKey;
  /** Nobody vouched for the key; it was accepted on first use. Who wants to know the host again stores it. */
  readonly hostKeyIsNew: boolean;
  /** Aborts with a ConnectionLostError when the connection dies. */
  readonly dead: AbortSignal;
  readonly #transport: Transport;
  /** Who has a channel that nobody needs at the moment, and how it is ended. */
  readonly #lent = new Map<object, () => Promise<void>>();
  #sudo: Promise<SudoWay> | undefined;

  constructor(transport: Transport, spec: ConnectionSpec, hostKey: HostKey, hostKeyIsNew = false) {
    this.#transport = transport;
    // From here on it is a pin: the next connection must show the same key.
    this.spec = hostKeyIsNew ? { ...spec, hostKeys: [{ key: hostKey, source: "accepted on first use" }] } : spec;
    this.hostKey = hostKey;
    this.hostKeyIsNew = hostKeyIsNew;
    const death = new AbortController();
    this.dead = death.signal;
    transport.gone.then((reason) => death.abort(connectionLost(spec, reason)));
  }

  /** Which of the two back ends it is. */
  get backEnd(): BackEnd {
    return this.#transport.backEnd;
  }

  /** The way's shortest round trip so far; undefined: not known. */
  get roundTripMs(): number | undefined {
    return this.#transport.roundTripMs;
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
      return await traced(this.#work(command), () => this.#run(command, options, scope), renderResult);
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
   * @throws {SudoError} the first time that sudo is needed and does not work
   */
  async start(command: RemoteCommand, elevation: Elevation, scope: AbortSignal): Promise<RemoteProcess> {
    const process = await this.#begin(command, elevation, scope);
    // The caller, who has the process, hears of a failure.
    traced(this.#work(command), () => process.ended, renderCode).catch(() => undefined);
    return process;
  }

  async #begin(command: RemoteCommand, elevation: Elevation, scope: AbortSignal): Promise<RemoteProcess> {
    const { line, preamble } = await this.#line(command, elevation, scope);
    return this.#start(line, preamble, scope);
  }

  #work(command: RemoteCommand): Work {
    return { kind: "ssh", subject: this.spec.machine, what: nameOf(command).slice(0, 200) };
  }

  /** A stream to a Unix socket on the host, with the login user's rights. @throws {ConnectionLostError} */
  open(socket: string, scope: AbortSignal): Promise<Duplex> {
    return this.#transport.openSocket(socket, AbortSignal.any([scope, this.dead]));
  }

  /** A stream to where the host itself connects. @throws {ConnectionLostError} @throws {RemoteCommandError} */
  openTcp(address: string, port: number, scope: AbortSignal): Promise<Duplex> {
    return this.#transport.openTcp(address, port, AbortSignal.any([scope, this.dead]));
  }

  /** Keeps a channel open for later; `end` is called when the host takes no further one (sshd's MaxSessions). */
  lend(owner: object, end: () => Promise<void>): void {
    this.#lent.set(owner, end);
  }

  /** The channel is in use again, or ended. */
  release(owner: object): void {
    this.#lent.delete(owner);
  }

  /**
   * A host that takes no further channel is left those that are lent, and asked again: OpenSSH 10.0 counts a channel that was
   * closed in the same packet as the next one is asked for.
   */
  async #runWhereThereIsRoom(line: string, scope: AbortSignal): Promise<RemoteProcess> {
    for (let pauseMs = 10; ; pauseMs *= 2) {
      try {
        return await this.#transport.run(line, scope);
      } catch (error) {
        if (!(error instanceof ConnectionLostError) || scope.aborted || pauseMs > 160) throw error;
      }
      const ends = [...this.#lent.values()];
      this.#lent.clear();
      await Promise.all(ends.map((end) => end()));
      await sleep(pauseMs, undefined, { signal: scope }).catch(() => scope.throwIfAborted());
    }
  }

  async #start(line: string, preamble: string, scope: AbortSignal): Promise<RemoteProcess> {
    const whole = AbortSignal.any([scope, this.dead]);
    whole.throwIfAborted();
    const process = await this.#runWhereThereIsRoom(line, whole);
    if (preamble !== "") process.channel.write(preamble); // before anything that the caller writes
    return process;
  }

  async #line(command: RemoteCommand, elevation: Elevation, scope: AbortSignal): Promise<ElevatedLine> {
    // Without a password `if-possible` asks in the command's own round trip.
    const asks = elevation === "sudo" || (elevation === "if-possible" && this.spec.sudoPassword !== undefined);
    if (!asks || this.spec.user === "root") return { line: renderRemoteCommand(command, elevation), preamble: "" };
    return elevate(argvOf(command), await this.#sudoWay(scope));
  }

  /**
   * Whether commands of others can become root here: they have their own use for their input, over which a password goes.
   * @throws {SudoError} where sudo does not work at all
   */
  async asksForPassword(scope: AbortSignal): Promise<boolean> {
    if (this.spec.user === "root") return false;
    return (await this.#sudoWay(AbortSignal.any([scope, this.dead]))).kind === "with-password";
  }

  async #sudoWay(scope: AbortSignal): Promise<SudoWay> {
    this.#sudo ??= this.#probeSudo(scope);
    return this.#sudo.catch((error: unknown) => {
      this.#sudo = undefined; // the next caller may have more time, or another host's word
      throw error;
    });
  }

  /** Once a connection: without a question, or with the password. */
  async #probeSudo(scope: AbortSignal): Promise<SudoWay> {
    const free = await this.#collect(await this.#start(quoteCommand(probeWithoutQuestion), "", scope), "", 4096, scope);
    if (free.code === 0) return { kind: "without-question" };
    const password = this.spec.sudoPassword;
    if (password === undefined) throw sudoFailed(this.spec, lastLines(free.stderr) || `sudo ended with ${free.code}`);
    const probe = await this.#start(quoteCommand(probeWithPassword), "", scope);
    const { code, stderr } = await this.#collect(probe, `${password.reveal()}\n`, 4096, scope);
    if (code === 0) return { kind: "with-password", password };
    throw sudoFailed(this.spec, lastLines(stderr).replaceAll(password.reveal(), "…") || `sudo ended with ${code}`);
  }

  async #run(command: RemoteCommand, options: ExecOptions, scope: AbortSignal): Promise<ExecResult> {
    const process = await this.#begin(command, options.elevation ?? "none", scope);
    const maxBytes = options.maxOutputBytes ?? 1024 * 1024;
    const input = "text" in command ? command.text : (options.stdin ?? "");
    const { overflowed, ...result } = await this.#collect(process, input, maxBytes, scope);
    if (overflowed) throw this.#tooMuch(command, maxBytes);
    return result;
  }

  async #collect(
    { channel, ended }: RemoteProcess,
    input: string,
    maxBytes: number,
    scope: AbortSignal,
  ): Promise<ExecResult & { readonly overflowed: boolean }> {
    const stdout = collectBounded(channel, maxBytes, "head");
    const stderr = collectBounded(channel.stderr, 64 * 1024, "tail");
    const stopped = Promise.withResolvers<never>();
    const onAbort = (): void => stopped.reject(scope.reason);
    scope.addEventListener("abort", onAbort, { once: true });
    if (scope.aborted) onAbort();
    // Not waited for: after the connection's death ssh2 1.17 calls neither the write's callback nor "drain".
    channel.end(input);
    try {
      const code = await Promise.race([ended, stopped.promise]);
      const texts = { stdout: stdout.text(), stderr: stderr.text() };
      return { ...(code === undefined ? {} : { code }), ...texts, overflowed: stdout.overflowed };
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
  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#transport[Symbol.asyncDispose]();
  }
}

function renderResult({ code, stdout, stderr }: ExecResult): string {
  return `${renderCode(code)}, ${stdout.length + stderr.length} characters`;
}

function renderCode(code: number | undefined): string {
  return code === undefined ? "ended by a signal" : `exit ${code}`;
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-5).join("\n").slice(-2_000);
}
