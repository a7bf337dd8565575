import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Coalescer } from "../../../../deploy/store/coalescer.ts";
import { writeNar } from "../../../../deploy/store/nar-writer.ts";
import type { PathInfo } from "../../../../deploy/store/path-info.ts";
import { encodeAddToStoreNar, encodeHello, encodeQueryValidPaths } from "../../../../deploy/store/serve-messages.ts";
import { encodeU64 } from "../../../../deploy/store/wire.ts";
import {
  encodeAddTempRoot,
  encodeWorkerAdd,
  encodeWorkerHello,
  encodeWorkerQuery,
} from "../../../../deploy/store/worker-messages.ts";
import { soon } from "../../support/signals.ts";
import { info, path } from "./paths.ts";

/** Bytes of a recorded session, by who said them. */
export const recording = {
  client: new URL("../recordings/serve-2.7-client.bin", import.meta.url),
  workerClient: new URL("../recordings/worker-1.35-client.bin", import.meta.url),
  /** Of Debian bookworm, trixie and sid; the daemon of 2.8 speaks an older protocol than we do. */
  versions: ["2.8", "2.26", "2.34"],
  of: (version: string) => ({
    serve: new URL(`../recordings/serve-2.7-nix-${version}.bin`, import.meta.url),
    worker: new URL(`../recordings/worker-1.35-nix-${version}.bin`, import.meta.url),
  }),
};

/** How a Nix other than that of PATH is called: its program's name comes behind. */
export type Caller = (program: string) => readonly [string, ...string[]];
const here: Caller = (program) => [program];

/** The two paths of a session with their archives. */
interface Session {
  readonly infos: readonly [PathInfo, PathInfo];
  readonly archives: readonly [Buffer, Buffer];
}

/** What the client says: greeting, which of two paths are there, both are added, which are there now. */
export async function clientBytes(): Promise<Buffer> {
  const { infos, archives } = await makeSession();
  const [a, b] = infos;
  const query = encodeQueryValidPaths({ lock: true, substitute: false, paths: [a.path, b.path] });
  const adds = infos.flatMap((info, index) => [encodeAddToStoreNar(info), archives[index] ?? Buffer.alloc(0)]);
  return Buffer.concat([encodeHello(), query, ...adds, query]);
}

/** The same for the worker protocol, with a root for one of the two at the end. */
export async function workerClientBytes(): Promise<Buffer> {
  const { infos, archives } = await makeSession();
  const [a, b] = infos;
  const query = encodeWorkerQuery([a.path, b.path], false);
  const adds = infos.flatMap((info, index) => {
    const nar = archives[index] ?? Buffer.alloc(0);
    // Two frames of odd length: they have no padding.
    const parts = [nar.subarray(0, 77), nar.subarray(77)];
    return [encodeWorkerAdd(info), ...parts.flatMap((part) => [encodeU64(part.length), part]), encodeU64(0)];
  });
  return Buffer.concat([encodeWorkerHello(), query, ...adds, query, encodeAddTempRoot(a.path)]);
}

async function makeSession(): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), "session-"));
  try {
    await writeFile(join(folder, "alpha"), "alpha");
    await mkdir(join(folder, "beta"));
    await symlink(path("a"), join(folder, "beta", "link"));
    await writeFile(join(folder, "beta", "run"), "#!/bin/sh\n", { mode: 0o755 });
    await writeFile(join(folder, "beta", "empty"), "");
    const [alpha, beta] = [await archive(join(folder, "alpha"), 120), await archive(join(folder, "beta"), 752)];
    const a = described(info("a", []), alpha);
    const b: PathInfo = {
      ...described(info("b", ["a", "b"]), beta),
      signatures: ["example-1:c2ln"],
      deriver: path("d"),
    };
    return { infos: [a, b], archives: [alpha, beta] };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the Nix of PATH answers, in a store of its own. */
export async function askNix(storeUri: string, client: Uint8Array, caller: Caller = here): Promise<Buffer> {
  const [program, ...before] = caller("nix-store");
  const nix = spawn(program, [...before, "--store", storeUri, "--serve", "--write"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answer = buffer(nix.stdout);
  nix.stdin.end(client);
  await once(nix, "close");
  return answer;
}

/** As `askNix`, for the daemon: its input stays open until the answers are there, or it would call itself interrupted. */
export async function askDaemon(
  storeUri: string,
  client: Uint8Array,
  answerBytes: number,
  caller: Caller = here,
): Promise<Buffer> {
  const [program, ...before] = caller("nix-daemon");
  const nix = spawn(program, [...before, "--store", storeUri, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  nix.stdin.write(client);
  for await (const chunk of nix.stdout) {
    chunks.push(chunk);
    if (chunks.reduce((sum, { length }) => sum + length, 0) >= answerBytes) nix.stdin.end();
  }
  return Buffer.concat(chunks);
}

async function archive(file: string, size: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const out = new Coalescer(async (chunk) => void chunks.push(chunk));
  await writeNar(file, size, out, soon());
  await out.flush();
  return Buffer.concat(chunks);
}

function described(path: PathInfo, nar: Uint8Array): PathInfo {
  return { ...path, narSize: nar.length, narHash: createHash("sha256").update(nar).digest("hex") };
}
