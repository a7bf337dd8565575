import { runNix } from "../../local-nix/nix-command.ts";
import { parseNixLogLine } from "../../local-nix/nix-log.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { PushError } from "../errors.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import { writeOpensshOptions } from "../ssh/openssh-options.ts";
import type { PathInfo } from "./path-info.ts";
import type { Receiver } from "./receiver.ts";

export interface CopyRequest {
  readonly wanted: readonly StorePath[];
  readonly missing: readonly PathInfo[];
  /** Store on the host in Nix' own words; absent: its default store. */
  readonly store?: string;
}

/** The last resort: Nix' own `nix copy` over OpenSSH. @throws {PushError} */
export async function nixCopy(
  session: HostSession,
  { nixDaemon, elevation }: Pick<Receiver, "nixDaemon" | "elevation">,
  { wanted, missing, store }: CopyRequest,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  if (elevation === "sudo") await requireFreeSudo(session, signal);
  await using ssh = await writeOpensshOptions(session.spec);
  const total = missing.length;
  const subject = session.spec.machine;
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
    const uri = storeUri(ssh.destination, nixDaemon, elevation === "sudo", store);
    await runNix(copyArgs(uri, wanted), {
      signal,
      deadlineMs: longestMs,
      env: { NIX_SSHOPTS: ssh.nixSshOpts },
      onLog,
      purpose: `${subject}: push`,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw copyFailed(session, said, error);
  }
}

/** @throws {PushError} where Nix' own commands cannot become root on the host: what they read is the protocol's, not a password */
export async function requireFreeSudo(session: HostSession, signal: AbortSignal): Promise<void> {
  if (!(await session.retried((host) => host.asksForPassword(signal), signal))) return;
  const { machine, user } = session.spec;
  throw new PushError({
    summary: `${machine}: Nix' own commands cannot become root on the host, where sudo asks for a password`,
    expected: `root, or sudo without a password for ${user}`,
    found: "sudo takes the password over the input, which Nix needs for its protocol",
    at: renderAddress(session.spec),
    fix: `log in as root, allow ${user} sudo without a password, or build here (pulumi-clan:hosts.${machine}.buildOn: local)`,
  });
}

// The caller's signal carries the push's own deadline.
const longestMs = 24 * 3600 * 1000;

/** A host's store for Nix' own commands, served by its daemon's absolute path: non-login shells on macOS have no Nix in PATH. */
export function storeUri(destination: string, nixDaemon: string, sudo: boolean, store?: string): string {
  const program = sudo ? `sudo -n ${nixDaemon}` : nixDaemon;
  const where = store === undefined ? "" : `&remote-store=${encodeURIComponent(store)}`;
  return `ssh-ng://${destination}?remote-program=${encodeURIComponent(program)}${where}`;
}

export function copyArgs(uri: string, wanted: readonly StorePath[]): readonly string[] {
  return ["copy", "--no-check-sigs", "--log-format", "internal-json", "--verbose", "--to", uri, ...wanted];
}

function copyFailed(session: HostSession, said: readonly string[], cause: unknown): PushError {
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
