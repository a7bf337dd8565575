import type { StorePath } from "../../../local-nix/store-path.ts";
import type { PathInfo } from "../path-info.ts";

const nameBegins = "/nix/store/".length + 33;

/**
 * What is left of a path's name without the later parts that begin with a digit: `openssl-bin` of `openssl-3.0.14-bin`, so
 * that a version's successor is found. The host's script does the same with its own paths.
 */
export function nameStem(path: StorePath): string {
  const name = path.slice(nameBegins);
  return name
    .split("-")
    .filter((part, index) => index === 0 || !/^[0-9]/.test(part))
    .join("-");
}

/**
 * For each missing path the one that it is most like: of the same whole name before another version, then the nearest size.
 * @param there - what host and operator both have, byte for byte. @returns nothing for paths that nothing is like.
 */
export function matchPredecessors(
  missing: readonly PathInfo[],
  there: readonly PathInfo[],
): ReadonlyMap<StorePath, PathInfo> {
  const byStem = Map.groupBy(there, ({ path }) => nameStem(path));
  const matched = new Map<StorePath, PathInfo>();
  for (const info of missing) {
    const [best] = (byStem.get(nameStem(info.path)) ?? []).toSorted((a, b) => distance(info, a) - distance(info, b));
    if (best !== undefined) matched.set(info.path, best);
  }
  return matched;
}

/** Any other name is farther than any size. */
function distance(info: PathInfo, other: PathInfo): number {
  const sameName = info.path.slice(nameBegins) === other.path.slice(nameBegins);
  return Math.abs(info.narSize - other.narSize) + (sameName ? 0 : Number.MAX_SAFE_INTEGER / 2);
}
