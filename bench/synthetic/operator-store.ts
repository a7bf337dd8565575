import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { tryCommand } from "../../sim/hosts/run-command.ts";
import type { SyntheticClosure, SyntheticPath } from "./closures.ts";
import { exportStream } from "./export-stream.ts";

/** Puts the closure into the operator's store, unless it is there. */
export function addClosure({ paths }: SyntheticClosure, signal: AbortSignal): Promise<void> {
  return addPaths(paths, signal);
}

/** As `addClosure`. @param paths - each after its references, which are among them or there. */
export async function addPaths(paths: readonly SyntheticPath[], signal: AbortSignal): Promise<void> {
  const missing = await invalid(
    paths.map(({ path }) => path),
    signal,
  );
  if (missing.size === 0) return;
  const importer = spawn("nix-store", ["--import"], { stdio: ["pipe", "ignore", "pipe"], signal });
  const said: Buffer[] = [];
  importer.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  const ended = once(importer, "close");
  await pipeline(Readable.from(exportStream(paths.filter(({ path }) => missing.has(path)))), importer.stdin);
  const [code] = await ended;
  if (code !== 0) throw new Error(`nix-store --import: exit code ${String(code)}: ${Buffer.concat(said).toString()}`);
}

/** Removes the closures' paths from the operator's store. @throws when something else there refers to them */
export async function removeClosures(closures: readonly SyntheticClosure[], signal: AbortSignal): Promise<void> {
  await removePaths([...new Set(closures.flatMap((closure) => closure.paths.map(({ path }) => path)))], signal);
}

/** As `removeClosures`. */
export async function removePaths(paths: readonly string[], signal: AbortSignal): Promise<void> {
  const there = await invalid(paths, signal);
  const valid = paths.filter((path) => !there.has(path));
  if (valid.length === 0) return;
  const { exitCode, stderr } = await tryCommand("nix-store", ["--delete", ...valid], { deadlineMs: 300_000 }, signal);
  if (exitCode !== 0) throw new Error(`nix-store --delete: ${stderr.slice(-500)}`);
}

async function invalid(paths: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const args = ["--check-validity", "--print-invalid", ...paths];
  const { exitCode, stdout, stderr } = await tryCommand("nix-store", args, {}, signal);
  if (exitCode !== 0) throw new Error(`nix-store --check-validity: ${stderr.slice(-500)}`);
  return new Set(stdout.split("\n").filter(Boolean));
}
