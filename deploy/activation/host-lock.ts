import type { Readable } from "node:stream";
import { RemoteCommandError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { collectBounded } from "../ssh/bounded-text.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
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

/**
 * `/nix/var/pulumi-clan/lock` on a host, held by a process there whose input is one of our channels: it ends with its
 * disposal, with the connection, or with the host, and needs no clean-up by hand.
 */
export class HostLock implements AsyncDisposable {
  readonly kind = "held";
  readonly #session: HostSession;
  readonly #token: string;
  readonly #by: string;
  #holder: Holder;

  private constructor(session: HostSession, token: string, by: string, holder: Holder) {
    this.#session = session;
    this.#token = token;
    this.#by = by;
    this.#holder = holder;
  }

  /**
   * @param token - of this deployment: what an earlier connection of it still holds is taken over.
   * @param by - shown to others.
   */
  static async take(
    session: HostSession,
    token: string,
    by: string,
    signal: AbortSignal,
  ): Promise<HostLock | HostBusy> {
    const holder = await hold(session, token, by, signal);
    return "kind" in holder ? holder : new HostLock(session, token, by, holder);
  }

  /** Takes it again when the connection that held it is gone. @returns whom it was lost to. */
  async renew(signal: AbortSignal): Promise<HostBusy | undefined> {
    if (isHeld(this.#holder)) return undefined;
    const holder = await hold(this.#session, this.#token, this.#by, signal);
    if ("kind" in holder) return holder;
    this.#holder = holder;
    return undefined;
  }

  /** With deadlines of its own: the caller's signal may be aborted already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (isHeld(this.#holder)) return release(this.#holder);
    const connected = this.#session.connected;
    if (connected === undefined) return; // no way to the host: its process ends when sshd notices, too
    // The host may not have noticed yet that the former connection is dead, and would call itself busy for long.
    const holder = await hold(this.#session, this.#token, this.#by, AbortSignal.timeout(5_000)).catch(() => undefined);
    if (holder !== undefined && !("kind" in holder)) await release(holder);
  }
}

async function hold(session: HostSession, token: string, by: string, signal: AbortSignal): Promise<Holder | HostBusy> {
  const host = await session.connection(signal);
  const scope = AbortSignal.any([signal, host.dead, AbortSignal.timeout(30_000)]);
  const script = hostScript("lock", [token, by]);
  const { channel, ended } = await host.start(script, session.elevation, scope);
  const stderr = collectBounded(channel.stderr, 4_096, "tail");
  const answer = firstLine(channel, ended, scope);
  channel.write(script.text);
  const [word, since = "0", ...who] = (await answer).split(" ");
  if (word === "held") return { host, channel, ended };
  channel.close();
  if (word === "busy") return { kind: "busy", since: Number(since) || 0, by: who.join(" ").slice(0, 200) };
  // The connection stands, or the answer would not have come to its end: it is the host's own trouble.
  const code = await ended;
  throw new RemoteCommandError({
    summary: `${host.spec.machine}: the lock could not be taken`,
    expected: "held",
    found: `${code === undefined ? "ended by a signal" : `exit code ${code}`}: ${stderr.text().trim() || "no words"}`,
    at: renderAddress(host.spec),
    fix: "look at /nix/var/pulumi-clan on the host: must be a folder of root's on a file system with space, not read-only",
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
