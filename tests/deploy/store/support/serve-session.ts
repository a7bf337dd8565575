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
import { soon } from "../../support/signals.ts";
import { info, path } from "./paths.ts";

/** Bytes of a recorded session, by who said them. */
export const recording = {
  client: new URL("../recordings/serve-2.7-client.bin", import.meta.url),
  server: new URL("../recordings/serve-2.7-nix-2.26.bin", import.meta.url),
};

/** What the client says in it: greeting, which of two paths are there, both are added, which are there now. */
export async function clientBytes(): Promise<Buffer> {
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
    const query = encodeQueryValidPaths({ lock: true, substitute: false, paths: [a.path, b.path] });
    return Buffer.concat([encodeHello(), query, encodeAddToStoreNar(a), alpha, encodeAddToStoreNar(b), beta, query]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the Nix of PATH answers, in a store of its own. */
export async function askNix(storeUri: string, client: Uint8Array): Promise<Buffer> {
  const nix = spawn("nix-store", ["--store", storeUri, "--serve", "--write"], { stdio: ["pipe", "pipe", "inherit"] });
  const answer = buffer(nix.stdout);
  nix.stdin.end(client);
  await once(nix, "close");
  return answer;
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
