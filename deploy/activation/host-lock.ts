import type { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { collectBounded } from "../ssh/bounded-text.ts";
import { connectionLost } from "../ssh/connection-errors.ts";
import type { Elevation } from "../ssh/remote-command.ts";
import type { SshHost } from "../ssh/ssh-host.ts";
import { hostScript } from "./scripts.ts";

/** The host's deployment lock; it ends with its disposal, with the connection, or with the host. */
export interface HostLock extends AsyncDisposable {
  readonly kind: "held";
}

export interface HostBusy {
  readonly kind: "busy";
  /** Unix seconds; 0: unknown. */
  readonly since: number;
  readonly by: string;
}

/**
 * Takes `/nix/var/pulumi-clan/lock` or says who has it. Held by a process on the host whose input is this channel.
 * @param token - of this deployment: what an earlier connection of it still holds is taken over. @param by - shown to others.
 */
export async function takeLock(
  host: SshHost,
  elevation: Elevation,
  token: string,
  by: string,
  signal: AbortSignal,
): Promise<HostLock | HostBusy> {
  const scope = AbortSignal.any([signal, host.dead, AbortSignal.timeout(30_000)]);
  const script = hostScript("lock", [token, by]);
  const channel = await host.open(script, elevation, scope);
  channel.write(script.text);
  const stderr = collectBounded(channel.stderr, 4_096, "tail");
  const answer = await firstLine(channel, scope);
  const [word, since = "0", ...who] = answer.split(" ");
  if (word === "held") return { kind: "held", [Symbol.asyncDispose]: () => release(channel, host) };
  channel.close();
  if (word === "busy") return { kind: "busy", since: Number(since) || 0, by: who.join(" ").slice(0, 200) };
  throw connectionLost(host.spec, `the lock could not be taken: ${stderr.text().trim() || "no answer"}`);
}

/** @returns what came before the first line feed or the end, at most 1,000 characters. */
function firstLine(stream: Readable, scope: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  const onAbort = (): void => reject(scope.reason);
  scope.addEventListener("abort", onAbort, { once: true });
  stream.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(0, 1_000);
    if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
  });
  stream.once("close", () => resolve(text));
  return promise.finally(() => scope.removeEventListener("abort", onAbort));
}

/** The holder ends with its input. Its own short deadline: the caller's signal may be aborted already. */
async function release(channel: ClientChannel, host: SshHost): Promise<void> {
  if (host.dead.aborted || channel.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const scope = AbortSignal.any([host.dead, AbortSignal.timeout(3_000)]);
  scope.addEventListener("abort", () => resolve(), { once: true });
  channel.once("close", () => resolve());
  channel.end();
  await promise;
}
