import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { defaultCacheDir, readCachedJson, writeAtomically } from "../local-nix/cache-folder.ts";
import type { Way } from "./delivery.ts";

type Host = Pick<Way, "machine" | "targetHost" | "hostKeys">;

const recordSchema = z.object({ schema: z.literal(1), machine: z.string(), at: z.int().nonnegative() });

/**
 * Notes that a host answered now, with its key: in this operator's cache, `seen/`, and not in the state, which a mere look leaves
 * as it is. A cache that cannot be written remembers nothing.
 */
export async function rememberSeen(host: Host, cacheDir = defaultCacheDir()): Promise<void> {
  const record: z.output<typeof recordSchema> = {
    schema: 1,
    machine: host.machine,
    at: Math.floor(Date.now() / 1000),
  };
  try {
    await writeAtomically(fileOf(host, cacheDir), JSON.stringify(record));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}

/** Unix seconds by this machine's clock; undefined: it never answered, or not here. */
export async function lastSeen(host: Host, cacheDir = defaultCacheDir()): Promise<number | undefined> {
  return (await readCachedJson(fileOf(host, cacheDir), recordSchema))?.at;
}

/** A host is known by its keys, wherever it is; one without a declared key by where it is dialled. */
function fileOf({ machine, targetHost, hostKeys }: Host, cacheDir: string): string {
  const known = hostKeys.length === 0 ? [targetHost] : hostKeys.map(({ key }) => key).sort();
  const name = createHash("sha256")
    .update(JSON.stringify([machine, ...known]))
    .digest("hex");
  return join(cacheDir, "seen", `${name.slice(0, 32)}.json`);
}
