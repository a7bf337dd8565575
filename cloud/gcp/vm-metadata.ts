import { setTimeout as sleep } from "node:timers/promises";
import type { ComputeApi } from "./compute-api.ts";
import { GcpApiError } from "./errors.ts";

/** What names a VM to Google. */
export interface VmName {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
}

/** As Google keeps it; who changes it says which one he has seen. Source: Compute Engine REST v1, instances.setMetadata. */
export interface VmMetadata {
  readonly fingerprint: string;
  readonly items: readonly { readonly key: string; readonly value: string }[];
}

const mostTries = 4;

/**
 * Takes keys out of a VM's metadata and leaves the others as they are, whoever put them there; the VM goes on running.
 * @returns what was taken out; none where the VM is gone. @throws {GcpApiError}
 */
export async function removeMetadata(
  vm: VmName,
  keys: readonly string[],
  api: Pick<ComputeApi, "readMetadata" | "writeMetadata">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (let tries = 1; ; tries++) {
    const metadata = await api.readMetadata(vm, signal);
    const there = metadata?.items.filter(({ key }) => keys.includes(key)) ?? [];
    if (metadata === undefined || there.length === 0) return [];
    const items = metadata.items.filter(({ key }) => !keys.includes(key));
    try {
      await api.writeMetadata(vm, { ...metadata, items }, signal);
      return there.map(({ key }) => key);
    } catch (error) {
      // Somebody else changed it between the two: it is read anew.
      const isStale = error instanceof GcpApiError && error.kind === "stale";
      if (!isStale || tries >= mostTries) throw error;
      await sleep(250 * tries, undefined, { signal });
    }
  }
}
