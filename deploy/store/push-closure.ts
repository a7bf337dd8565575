import { z } from "zod";
import { runNix } from "../../local-nix/nix-command.ts";
import { parseNixLogLine } from "../../local-nix/nix-log.ts";
import { isStorePath, type StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { hostScript } from "../activation/scripts.ts";
import { DiskSpaceError, PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import { writeOpensshOptions } from "../ssh/openssh-options.ts";

export interface PushOptions {
  readonly deadlineSeconds: number;
  /** Left free in the host's store, MiB. Default 64. */
  readonly reserveMib?: number;
  /** Store on the host in Nix' own words, e.g. `local?root=/mnt`. Absent: the host's default store. */
  readonly store?: string;
  /** `auto` (default): by the link's measured speed; `never`: bytes go out as they are. */
  readonly compress?: "auto" | "never";
}

export interface PushResult {
  /** Store paths that the host did not have. */
  readonly paths: number;
  /** Their size as NARs. */
  readonly bytes: number;
  /** What went over the connection for them, after compression. Absent: the backend cannot tell. */
  readonly bytesSent?: number;
  readonly seconds: number;
  /** Answers that were waited for, one after another, once connected. Absent: the backend cannot tell. */
  readonly roundTrips?: number;
  readonly backend: PushBackend;
}

/** `none`: nothing was missing; `serve`: nix-store --serve over exec; `worker`: the daemon's socket; `nix-copy`: `nix copy` of the operator. */
export type PushBackend = "none" | "serve" | "worker" | "nix-copy";

/**
 * Brings a toplevel with its closure from the operator's store into the host's. Nothing is sent when it is valid there:
 * a valid path's closure is valid.
 * @throws {DiskSpaceError} @throws {PushError} @throws {ConnectionLostError}; what arrived stays, and is not sent again
 */
export function pushClosure(
  session: HostSession,
  toplevel: StorePath,
  options: PushOptions,
  report: Report,
  signal: AbortSignal,
): Promise<PushResult> {
  return pushPaths(session, [toplevel], options, report, signal);
}

/** As `pushClosure`, for the union of several closures. @param wanted - at least one. */
export async function pushPaths(
  session: HostSession,
  wanted: readonly [StorePath, ...StorePath[]],
  options: PushOptions,
  report: Report,
  signal: AbortSignal,
): Promise<PushResult> {
  const start = performance.now();
  const none = (): PushResult => ({ paths: 0, bytes: 0, seconds: secondsSince(start), backend: "none" });
  const receiver = await readReceiver(session, wanted[0], signal);
  if (receiver.valid && wanted.length === 1 && options.store === undefined) return none();
  const missing = await readMissing(session, receiver, await readClosure(wanted, signal), options.store, signal);
  if (missing.length === 0) return none();
  if (options.store === undefined) requireSpace(session, missing, receiver.freeKib, options.reserveMib ?? 64);
  await copy(session, receiver, wanted, missing, options, report, signal);
  return { paths: missing.length, bytes: sizeOf(missing), seconds: secondsSince(start), backend: "nix-copy" };
}

interface ClosurePath {
  readonly path: StorePath;
  readonly sizeBytes: number;
}

interface Receiver {
  readonly valid: boolean;
  readonly nixStore: string;
  readonly nixDaemon: string;
  readonly freeKib: number | undefined;
}

async function readReceiver(session: HostSession, toplevel: StorePath, signal: AbortSignal): Promise<Receiver> {
  const script = hostScript("validity", [toplevel]);
  const text = await session.retried(() => session.script(script, { deadlineSeconds: 60 }, signal), signal);
  const facts = new Map(text.split("\n").map((line) => [line.split("\t")[0] ?? "", line.split("\t")[1] ?? ""]));
  const tool = z.string().regex(/^\/[A-Za-z0-9/._+-]{1,400}$/);
  const nixStore = tool.safeParse(facts.get("nix-store")).data;
  const nixDaemon = tool.safeParse(facts.get("nix-daemon")).data;
  if (nixStore === undefined || nixDaemon === undefined) {
    throw new PushError({
      summary: `${session.spec.machine}: the host has no Nix that could receive a closure`,
      expected: "nix-store and nix-daemon",
      found: "neither in the default profile, the running system, nor PATH",
      at: renderAddress(session.spec),
      fix: "install Nix on the host (nix.enable = true)",
    });
  }
  const free = facts.get("free") ?? "";
  const freeKib = /^\d{1,15}$/.test(free) ? Number(free) : undefined;
  return { valid: facts.get("valid") === "yes", nixStore, nixDaemon, freeKib };
}

// Source: nix 2.26, `nix path-info --json` (a map; a list before 2.19); null for a path that is not valid.
const pathInfoSchema = z.record(z.string(), z.object({ narSize: z.int().nonnegative() }).nullable());

async function readClosure(wanted: readonly StorePath[], signal: AbortSignal): Promise<readonly ClosurePath[]> {
  const args = ["path-info", "--json", "--recursive", ...wanted];
  const infos = pathInfoSchema.parse(
    JSON.parse(await runNix(args, { signal, deadlineMs: 120_000, purpose: "read the closure" })),
  );
  return Object.entries(infos).map(([path, info]) => {
    if (!isStorePath(path) || info === null) throw new TypeError(`nix path-info answers with ${JSON.stringify(path)}`);
    return { path, sizeBytes: info.narSize };
  });
}

async function readMissing(
  session: HostSession,
  { nixStore }: Receiver,
  closure: readonly ClosurePath[],
  store: string | undefined,
  signal: AbortSignal,
): Promise<readonly ClosurePath[]> {
  const stdin = closure.map(({ path }) => `${path}\n`).join("");
  const where = store === undefined ? [] : ["--store", store];
  const command = ["xargs", nixStore, ...where, "--check-validity", "--print-invalid"];
  const options = {
    stdin,
    elevation: session.elevation,
    deadlineSeconds: 120,
    maxOutputBytes: 64 * 1024 * 1024,
  } as const;
  const text = await session.retried((host) => host.read(command, options, signal), signal);
  const invalid = new Set(text.split("\n"));
  return closure.filter(({ path }) => invalid.has(path));
}

function requireSpace(
  session: HostSession,
  missing: readonly ClosurePath[],
  freeKib: number | undefined,
  reserveMib: number,
): void {
  const needed = sizeOf(missing) + reserveMib * 2 ** 20;
  if (freeKib === undefined || needed <= freeKib * 1024) return;
  throw new DiskSpaceError({
    summary: `${session.spec.machine}: the closure does not fit into the host's store`,
    expected: `${mebibytes(needed)} free in /nix (${missing.length} paths, ${reserveMib} MiB in reserve)`,
    found: mebibytes(freeKib * 1024),
    at: renderAddress(session.spec),
    fix: "make room on the host: `nix-collect-garbage --delete-older-than 30d`",
  });
}

async function copy(
  session: HostSession,
  receiver: Receiver,
  wanted: readonly StorePath[],
  missing: readonly ClosurePath[],
  options: PushOptions,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  await using ssh = await writeOpensshOptions(session.spec);
  const total = missing.length;
  const bytes = sizeOf(missing);
  const subject = session.spec.machine;
  report({ level: "info", subject, phase: "push", message: `${total} paths, ${mebibytes(bytes)}` });
  const said: string[] = [];
  const onLog = (line: string): void => {
    const event = parseNixLogLine(line);
    if (event.kind === "message" && event.level <= 3) said.push(event.text);
    if (said.length > 20) said.shift();
    if (event.kind !== "progress" || event.expected !== total) return;
    const message = `${event.done} of ${total} paths`;
    report({ level: "debug", subject, phase: "push", message, progress: { done: event.done, total, unit: "paths" } });
  };
  try {
    const uri = storeUri(ssh.destination, receiver.nixDaemon, session.elevation === "sudo", options.store);
    await runNix(copyArgs(uri, wanted), {
      signal,
      deadlineMs: options.deadlineSeconds * 1000,
      env: { NIX_SSHOPTS: ssh.nixSshOpts },
      onLog,
      purpose: `${subject}: push`,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw pushFailed(session, said, error);
  }
}

/** A host's store for Nix' own commands, served by its daemon's absolute path: non-login shells on macOS have no Nix in PATH. */
export function storeUri(destination: string, nixDaemon: string, sudo: boolean, store?: string): string {
  const program = sudo ? `sudo -n ${nixDaemon}` : nixDaemon;
  const where = store === undefined ? "" : `&remote-store=${encodeURIComponent(store)}`;
  return `ssh-ng://${destination}?remote-program=${encodeURIComponent(program)}${where}`;
}

export function copyArgs(uri: string, wanted: readonly StorePath[]): readonly string[] {
  return ["copy", "--no-check-sigs", "--log-format", "internal-json", "--verbose", "--to", uri, ...wanted];
}

function pushFailed(session: HostSession, said: readonly string[], cause: unknown): PushError {
  const words = said.filter((line) => line.trim() !== "").slice(-5);
  return new PushError(
    {
      summary: `${session.spec.machine}: the closure could not be copied`,
      expected: "`nix copy` to end with 0",
      found: words.join("\n").slice(-2_000) || (cause instanceof Error ? cause.message : String(cause)),
      at: renderAddress(session.spec),
      fix: "correct what the message says and run it again; what arrived is kept",
    },
    { cause },
  );
}

function sizeOf(paths: readonly ClosurePath[]): number {
  return paths.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
