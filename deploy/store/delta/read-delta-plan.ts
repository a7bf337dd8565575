import { runProcess } from "../../../local-nix/run-process.ts";
import { RemoteCommandError, RemoteDeadlineError, RemoteOutputError } from "../../errors.ts";
import type { SshHost } from "../../ssh/ssh-host.ts";
import type { PathInfo } from "../path-info.ts";
import type { Receiver } from "../receiver.ts";
import { matchPredecessors } from "./match-predecessors.ts";
import { boundsFor, type DeltaStage, deltaBytes, planDelta } from "./plan-delta.ts";
import { askPredecessors, sharedPaths } from "./read-predecessors.ts";
import type { DeltaReceiver } from "./send-delta.ts";

/** Stages of which one at least is of differences; or why there are none. */
export type DeltaPlan =
  | { readonly kind: "stages"; readonly stages: readonly DeltaStage[]; readonly receiver: DeltaReceiver }
  | { readonly kind: "none"; readonly reason: string };

/**
 * Asks the host what it has that is like what it lacks: one round trip, besides the start of a process.
 * @param isWorth - whether differences for so many bytes of archives are. @throws {ConnectionLostError}
 */
export async function readDeltaPlan(
  host: SshHost,
  receiver: Pick<Receiver, "nixStore" | "elevation" | "zstd">,
  missing: readonly PathInfo[],
  isWorth: (bytes: number) => boolean,
  signal: AbortSignal,
): Promise<DeltaPlan> {
  const { zstd } = receiver;
  if (zstd === undefined) return { kind: "none", reason: "the host has no zstd" };
  if (!(await hasZstd())) return { kind: "none", reason: "zstd 1.4.5 or later is not on this machine's PATH" };
  try {
    const { hashes, availableBytes } = await askPredecessors(host, receiver, missing, signal);
    const predecessors = matchPredecessors(missing, await sharedPaths(hashes, signal));
    const stages = planDelta(missing, predecessors, boundsFor(availableBytes));
    const bytes = deltaBytes(stages);
    if (bytes > 0 && isWorth(bytes)) return { kind: "stages", stages, receiver: { ...receiver, zstd } };
    return { kind: "none", reason: "host and operator share too little that is like it" };
  } catch (error) {
    if (!isNoAnswer(error)) throw error;
    return { kind: "none", reason: error.message.split("\n", 1)[0] ?? error.name };
  }
}

function isNoAnswer(error: unknown): error is Error {
  return (
    error instanceof RemoteCommandError || error instanceof RemoteDeadlineError || error instanceof RemoteOutputError
  );
}

let known: Promise<boolean> | undefined;

/** The first version with `--patch-from`; asked once per process. */
function hasZstd(): Promise<boolean> {
  known ??= askZstd();
  return known;
}

async function askZstd(): Promise<boolean> {
  try {
    const limits = { deadlineMs: 10_000, graceMs: 500, maxStdoutBytes: 4 * 1024 };
    const request = { file: "zstd", args: ["--version"], env: process.env, ...limits };
    const { stdout } = await runProcess(request, AbortSignal.timeout(15_000));
    return isRecentZstd(stdout);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

/** `*** Zstandard CLI (64-bit) v1.5.4, by Yann Collet ***`. */
export function isRecentZstd(text: string): boolean {
  const [, major = "0", minor = "0", patch = "0"] = /v(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch) >= 1_004_005;
}
