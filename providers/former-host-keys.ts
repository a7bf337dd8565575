import { z } from "zod";
import { fingerprint, type PinnedHostKey, pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";

const pins = z.array(pinnedHostKeySchema).catch([]);
const knownSchema = z
  .object({ hostKeys: pins, formerHostKeys: pins, hostKey: z.string().nullable().catch(null) })
  .catch({ hostKeys: [], formerHostKeys: [], hostKey: null });

/**
 * What the state has of a host's keys beside the declared ones: the one that the host showed when it was last seen. A host
 * whose key is rotated by its new system still has that when it is deployed to, and after a rollback.
 * @param olds - the state of any release.
 */
export function formerHostKeys(olds: unknown, declared: readonly PinnedHostKey[]): PinnedHostKey[] {
  const { hostKeys, formerHostKeys: former, hostKey } = knownSchema.parse(olds);
  const isDeclared = new Set(declared.map(({ key }) => key));
  const shown = [...hostKeys, ...former].filter(({ key }) => fingerprint(key) === hostKey && !isDeclared.has(key));
  return [...new Map(shown.map((pin) => [pin.key, pin])).values()];
}

/** @param shown - fingerprint of the key that the host shows now. @returns what is still accepted beside the declared ones */
export function stillFormer(former: readonly PinnedHostKey[], shown: string | null): PinnedHostKey[] {
  return former.filter(({ key }) => fingerprint(key) === shown);
}
