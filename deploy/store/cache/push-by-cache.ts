import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { runNix } from "../../../local-nix/nix-command.ts";
import { NixError } from "../../../local-nix/nix-error.ts";
import { Places } from "../../../local-nix/places.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import type { Report } from "../../../report.ts";
import { DiskSpaceError, PushError, RemoteCommandError } from "../../errors.ts";
import { composeScript } from "../../host-script.ts";
import type { HostSession } from "../../host-session.ts";
import { renderAddress } from "../../ssh/connection-spec.ts";
import type { RemoteScript } from "../../ssh/remote-command.ts";
import { type PathInfo, readClosure, sizeOf } from "../path-info.ts";
import type { PushResult } from "../push-closure.ts";
import { parsePublicKeys, parseSigningKey } from "../signature.ts";
import { type CacheSettings, hostUrl, secretKeyFile } from "./cache-settings.ts";
import { type CacheState, parseCacheState, requireSignatures, requireTrust, stateScript } from "./cache-state.ts";

export interface CacheRequest {
  readonly toplevel: StorePath;
  readonly cache: CacheSettings;
  /** For the whole: to the cache and from there. */
  readonly deadlineSeconds: number;
}

/** One after another: two machines' systems have most paths in common, and those are sent once. */
const uploads = new Places(1);
// What the cache had a moment ago is not asked for again; what it had last month may have been collected there.
const rememberedSeconds = 600;
const mostAnswerBytes = 16 * 2 ** 20;

/**
 * Brings a closure to a cache, and from there to the host, which fetches it itself; only questions go over SSH. What the host
 * would refuse is found out before anything is sent.
 * @throws {PushError} @throws {DiskSpaceError} @throws {ConnectionLostError}; what arrived stays, here and there
 */
export async function pushByCache(
  session: HostSession,
  { toplevel, cache, deadlineSeconds }: CacheRequest,
  report: Report,
  signal: AbortSignal,
): Promise<PushResult> {
  const start = performance.now();
  const deadline = AbortSignal.timeout(deadlineSeconds * 1000);
  const scope = AbortSignal.any([signal, deadline]);
  const say = (message: string): void =>
    report({ level: "info", subject: session.spec.machine, phase: "push", message });
  const seconds = (): number => (performance.now() - start) / 1000;
  try {
    const state = await ask(session, toplevel, scope);
    if (state.valid) return { paths: 0, bytes: 0, backend: "none", seconds: seconds() };
    requireTrust(session, state, cache);
    const closure = await readClosure([toplevel], scope);
    await requireSigning(session, state, cache, closure);
    await upload(session, toplevel, cache, say, scope);
    say(`fetching from ${hostUrl(cache)}`);
    const fetched = await fetch(session, { toplevel, cache, deadlineSeconds }, scope);
    const came = closure.filter(({ path }) => fetched.has(path));
    return { paths: came.length, bytes: sizeOf(came), backend: "cache", seconds: seconds() };
  } catch (error) {
    signal.throwIfAborted();
    throw deadline.aborted ? tooLate(session, deadlineSeconds, cache, error) : error;
  }
}

function ask(session: HostSession, toplevel: StorePath, signal: AbortSignal): Promise<CacheState> {
  const { elevation } = session;
  return session.retried(
    async (host) => parseCacheState(await host.read(stateScript(toplevel), { elevation }, signal)),
    signal,
  );
}

/** @throws {PushError} for a key that is not the one which the hosts trust, without a word of what is in its file */
async function requireSigning(
  session: HostSession,
  state: CacheState,
  cache: CacheSettings,
  closure: readonly PathInfo[],
): Promise<void> {
  const file = secretKeyFile(cache);
  if (file === undefined) return requireSignatures(session, state, cache, closure);
  const found = await whyNotSigning(file, cache.publicKey);
  if (found === undefined) return;
  throw new PushError({
    summary: "the key that signs for the cache cannot be used",
    expected: `the secret half of ${cache.publicKey}`,
    found,
    at: file,
    fix: "name its file in policy.cache.to, or its public half in policy.cache.publicKey (nix key convert-secret-to-public)",
  });
}

async function whyNotSigning(file: string, publicKey: string): Promise<string | undefined> {
  try {
    const { name, key } = parseSigningKey(await readFile(file, "utf8"));
    const wanted = parsePublicKeys(publicKey).get(name);
    if (wanted === undefined) return `the key ${name}`;
    return wanted.equals(createPublicKey(key)) ? undefined : `another key of the name ${name}`;
  } catch (error) {
    if (error instanceof TypeError) return "something else than <name>:<base64>";
    if (error instanceof Error && "code" in error) return error.message;
    throw error;
  }
}

/** The arguments of `nix` that put a closure into the cache. */
export function uploadArgs(toplevel: StorePath, to: string): readonly string[] {
  const options = ["--option", "narinfo-cache-positive-ttl", String(rememberedSeconds)];
  return ["copy", "--no-check-sigs", "--to", to, ...options, toplevel];
}

/** What the host runs to fetch a closure. */
export function fetchScript(toplevel: StorePath, cache: CacheSettings): RemoteScript {
  return composeScript("fetch", [new URL("./fetch.sh", import.meta.url)], [toplevel, hostUrl(cache)]);
}

async function upload(
  session: HostSession,
  toplevel: StorePath,
  { to }: CacheSettings,
  say: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  using _place = await uploads.take(signal);
  say(`to the cache ${to.split("?", 1)[0]}`);
  try {
    // The caller's signal carries the deadline.
    await runNix(uploadArgs(toplevel, to), {
      signal,
      deadlineMs: 24 * 3600 * 1000,
      purpose: "copy to the cache",
    });
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    throw new PushError(
      {
        summary: `${session.spec.machine}: its system could not be copied to the cache`,
        expected: "`nix copy` to end with 0",
        found: error.facts.found,
        at: to.split("?", 1)[0] ?? to,
        fix: "correct what the message says (address, credentials, room) and run it again; what arrived is kept",
      },
      { cause: error },
    );
  }
}

/** @returns the paths that came. */
async function fetch(
  session: HostSession,
  { toplevel, cache, deadlineSeconds }: CacheRequest,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const { elevation } = session;
  const script = fetchScript(toplevel, cache);
  const options = { elevation, deadlineSeconds, maxOutputBytes: mostAnswerBytes };
  try {
    const text = await session.retried((host) => host.read(script, options, signal), signal);
    return new Set(text.split("\n").flatMap((line) => (line.startsWith("fetched\t") ? [line.slice(8)] : [])));
  } catch (error) {
    if (!(error instanceof RemoteCommandError)) throw error;
    throw explainFetch(session, cache, error);
  }
}

function explainFetch(
  session: HostSession,
  cache: CacheSettings,
  error: RemoteCommandError,
): DiskSpaceError | PushError {
  const { found } = error.facts;
  const at = `${renderAddress(session.spec)}, ${hostUrl(cache)}`;
  if (/No space left on device|database or disk is full|Disk quota exceeded/.test(found)) {
    const summary = `${session.spec.machine}: the host's store became full while it fetched`;
    const fix = "make room on the host: `nix-collect-garbage --delete-older-than 30d`";
    return new DiskSpaceError({ summary, expected: "room for the closure", found, at, fix }, { cause: error });
  }
  return new PushError(
    {
      summary: `${session.spec.machine}: the host could not fetch its system from the cache`,
      expected: "every path there, and the host able to get it",
      found,
      at,
      fix: "ask the cache from the host (nix store info --store URL): address, credentials, firewall; policy.cache: null pushes over SSH",
    },
    { cause: error },
  );
}

function tooLate(session: HostSession, deadlineSeconds: number, cache: CacheSettings, cause: unknown): PushError {
  return new PushError(
    {
      summary: `${session.spec.machine}: the way over the cache did not end in time`,
      expected: `an end within ${deadlineSeconds} s (policy.pushDeadlineSeconds)`,
      found: "paths still missing",
      at: hostUrl(cache),
      fix: "run it again: what arrived is kept; or give it more time",
    },
    { cause },
  );
}
