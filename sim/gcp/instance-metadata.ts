import { createHash } from "node:crypto";
import type { SimState } from "../hosts/sim-state.ts";
import { changeCloud, readCloud } from "./cloud.ts";
import { objectAt, type Properties, textAt } from "./property-values.ts";

/** As the API tells it. Source: Compute Engine REST v1, instances. */
export interface ApiMetadata {
  readonly fingerprint: string;
  readonly items: readonly { readonly key: string; readonly value: string }[];
}

/** undefined: no such instance. */
export async function metadataOf(state: SimState, id: string): Promise<ApiMetadata | undefined> {
  const found = (await readCloud(state)).resources[id];
  return found === undefined ? undefined : toApi(objectAt(found.inputs, "metadata"));
}

/** @returns whether it was the one that the caller had seen. */
export async function setMetadata(
  state: SimState,
  id: string,
  { fingerprint, items }: ApiMetadata,
  signal: AbortSignal,
): Promise<boolean> {
  return changeCloud(
    state,
    (cloud) => {
      const found = cloud.resources[id];
      if (found === undefined || toApi(objectAt(found.inputs, "metadata")).fingerprint !== fingerprint) return false;
      const metadata = Object.fromEntries(items.map(({ key, value }) => [key, value]));
      const metadataFingerprint = fingerprintOf(metadata);
      cloud.resources[id] = {
        ...found,
        inputs: { ...found.inputs, metadata },
        outputs: { ...found.outputs, metadata, metadataFingerprint },
      };
      return true;
    },
    signal,
  );
}

function toApi(metadata: Properties): ApiMetadata {
  const items = Object.keys(metadata).map((key) => ({ key, value: textAt(metadata, key) ?? "" }));
  return { fingerprint: fingerprintOf(metadata), items };
}

export function fingerprintOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 11);
}
