import type { Readable } from "node:stream";
import { FleetError } from "../../errors.ts";
import type { Report } from "../../report.ts";
import { RemoteCommandError, RemoteDeadlineError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { collectBounded } from "../ssh/bounded-text.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import type { Elevation, RemoteScript } from "../ssh/remote-command.ts";
import type { RemoteProcess, SshHost } from "../ssh/ssh-host.ts";
import { hostScript } from "./scripts.ts";

export interface HostBusy {
  readonly kind: "busy";
  /** Unix seconds; 0: unknown. */
  readonly since: number;
  readonly by: string;
}

interface Holder extends RemoteProcess {
  readonly host: SshHost;
}

/** A lock without a sign of life for a minute may be taken by others. Source: scripts/lock.sh. */
const signOfLifeMs = 10_000;
const takeSeconds = 30;

/**
 * `/nix/var/pulumi-clan/lock` on a host (its script says where), held by a process there whose input is one of our channels: it ends with its
 * disposal, with the connection, or with the host, and needs no clean-up by hand. Where the connection dies and the host
 * cannot notice, others may take it a minute later.
 */
export class HostLock implements AsyncDisposable {
  readonly kind = "held";
  readonly #session: HostSession;
  readonly #script: RemoteScript;
  #holder: Holder;
  readonly #report: Report;
  readonly #signs: NodeJS.Timeout;

  private constructor(session: HostSession, script: RemoteScript, holder: Holder, report: Report) {
    this.#report = report;
    this.#session = session;
    this.#script = script;
    this.#holder = holder;
    this.#signs = setInterval(() => {
      if (isHeld(this.#holder)) this.#holder.channel.write("\n");
    }, signOfLifeMs);
    this.#signs.unref();
  }

  /**
   * @param token - of this deployment: what an earlier connection of it still holds is taken over.
   * @param by - shown to others.
   * @param script - for a host where the lock lies elsewhere.
   */
  static async take(
    session: HostSession,
    token: string,
    by: string,
    report: Report,
    signal: AbortSignal,
    script: RemoteScript = hostScript("lock", [token, by]),
  ): Promise<HostLock | HostBusy> {
    const holder = await hold(session, script, signal);
    return "kind" in holder ? holder : new HostLock(session, script, holder, report);
  }

  /** Waits until the connection that holds it is gone. */
  async gone(signal: AbortSignal): Promise<void> {
    const { host, ended } = this.#holder;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => (signal.aborted ? reject(signal.reason) : resolve());
    const either = AbortSignal.any([signal, host.dead]);
    either.addEventListener("abort", onAbort, { once: true });
    if (either.aborted) onAbort();
    const done = (): void => resolve();
    ended.then(done, done);
    await promise.finally(() => either.removeEventListener("abort", onAbort));
  }

  /** Takes it again when the connection that held it is gone. @returns whom it was lost to. */
  async renew(signal: AbortSignal): Promise<HostBusy | undefined> {
    if (isHeld(this.#holder)) return undefined;
    const holder = await hold(this.#session, this.#script, signal);
    if ("kind" in holder) return holder;
    this.#holder = holder;
    return undefined;
  }

  /** With deadlines of its own: the caller's signal may be aborted already. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#signs);
    if (isHeld(this.#holder)) return release(this.#holder);
    const connected = this.#session.connected;
    if (connected === undefined) return; // no way to the host: its process ends when sshd notices, too
    // The host may not have noticed yet that the former connection is dead, and would call itself busy for long.
    try {
      const holder = await hold(this.#session, this.#script, AbortSignal.timeout(5_000));
      if (!("kind" in holder)) await release(holder);
    } catch (error) {
      this.#tellLeft(error);
    }
  }

  /** What was deployed is deployed: that the lock is left is no failure of it. */
  #tellLeft(error: unknown): void {
    const why = error instanceof FleetError ? `${error.facts.summary} (${error.facts.found})` : String(error);
    const message = `the host's lock could not be given back, others may take it in a minute: ${why}`;
    this.#report({ level: "warning", subject: this.#session.spec.machine, phase: "lock", message });
  }
}

/** Once more after a lost connection: what the lost one took is our own. */
function hold(session: HostSession, script: RemoteScript, signal: AbortSignal): Promise<Holder | HostBusy> {
  return session.retried((host) => holdOver(host, script, session.elevation, signal), signal);
}

async function holdOver(
  host: SshHost,
  script: RemoteScript,
  elevation: Elevation,
  signal: AbortSignal,
): Promise<Holder | HostBusy> {
  const deadline = AbortSignal.timeout(takeSeconds * 1000);
  const scope = AbortSignal.any([signal, host.dead, deadline]);
  try {
    const { channel, ended } = await host.start(script, elevation, scope);
    await using taken = new AsyncDisposableStack();
    taken.defer(() => channel.close()); // unless it is held: a lock of which nobody knows would keep us out ourselves
    const stderr = collectBounded(channel.stderr, 4_096, "tail");
    const answer = firstLine(channel, ended, scope);
    channel.write(script.text);
    const [word, since = "0", ...who] = (await answer).split(" ");
    if (word === "busy") return { kind: "busy", since: Number(since) || 0, by: who.join(" ").slice(0, 200) };
    if (word !== "held") throw notTaken(host, await ended, stderr.text());
    taken.move();
    return { host, channel, ended };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted && !host.dead.aborted) throw tooLate(host);
    throw error;
  }
}

function notTaken(host: SshHost, code: number | undefined, words: string): RemoteCommandError {
  return new RemoteCommandError({
    summary: `${host.spec.machine}: the lock could not be taken`,
    expected: "held",
    found: `${code === undefined ? "ended by a signal" : `exit code ${code}`}: ${words.trim() || "no words"}`,
    at: renderAddress(host.spec),
    fix: "look at /nix/var/pulumi-clan on the host: must be a folder of root's on a file system with space, not read-only",
  });
}

function tooLate(host: SshHost): RemoteDeadlineError {
  return new RemoteDeadlineError({
    summary: `${host.spec.machine}: the lock could not be taken in time`,
    expected: `an answer within ${takeSeconds} s`,
    found: "none",
    at: renderAddress(host.spec),
    fix: "look at the host: does /nix/var/pulumi-clan answer? then run it again",
  });
}

function isHeld({ host, channel }: Holder): boolean {
  return !host.dead.aborted && !channel.destroyed && channel.readable;
}

/** @returns what came before the first line feed or the end, at most 1,000 characters. */
function firstLine(stream: Readable, ended: Promise<unknown>, scope: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const onAbort = (): void => reject(scope.reason);
  scope.addEventListener("abort", onAbort, { once: true });
  stream.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(0, 1_000);
    if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
  });
  ended.then(
    () => resolve(text),
    (error: unknown) => reject(error),
  );
  return promise.finally(() => scope.removeEventListener("abort", onAbort));
}

async function release({ host, channel, ended }: Holder): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const scope = AbortSignal.any([host.dead, AbortSignal.timeout(1_000)]); // the connection's end releases it, too
  scope.addEventListener("abort", () => resolve(), { once: true });
  const done = (): void => resolve();
  ended.then(done, done);
  channel.end();
  await promise;
}
