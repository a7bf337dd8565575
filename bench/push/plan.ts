import type { StorePath } from "../../local-nix/store-path.ts";
import type { LinkProfile } from "../link/link-profile.ts";
import {
  largeClosure,
  mixedClosures,
  rebuiltClosures,
  type SetSizes,
  type SyntheticClosure,
  smallClosure,
} from "../synthetic/closures.ts";

/** What is brought to the host, and what it has before. */
export interface PushSet {
  readonly name: string;
  readonly description: string;
  readonly closure: SyntheticClosure;
  /** Absent: an empty store. */
  readonly before?: SyntheticClosure;
}

/** `ours-full`: without differences from what the host has. */
export type Way = "ours" | "ours-full" | "ours-pooled" | "ssh-ng" | "ssh";

/** One cell of the table: a way to push a set over a link. */
export interface Trial {
  readonly link: LinkProfile;
  readonly set: PushSet;
  readonly way: Way;
}

/** Paths of the set that also `nix copy --to ssh://`, two round trips per path, can send in reasonable time. */
const subsetPaths = 200;

export function pushSets(sizes: SetSizes): readonly PushSet[] {
  const small = smallClosure(sizes.small);
  const { before, after } = mixedClosures(sizes);
  const rebuilt = rebuiltClosures(sizes);
  const fresh = after.paths.length - before.paths.length + 1;
  return [
    { name: "small", description: `${small.paths.length} paths of a few kB`, closure: small },
    { name: "large", description: `${sizes.large.length + 1} paths`, closure: largeClosure(sizes.large) },
    { name: "mixed", description: `${fresh} paths of ${after.paths.length}`, closure: after, before },
    {
      name: "rebuilt",
      description: `${rebuilt.after.paths.length} paths, each with a predecessor`,
      closure: rebuilt.after,
      before: rebuilt.before,
    },
    { name: "no-op", description: `${small.paths.length} paths, all there`, closure: small, before: small },
    {
      name: "subset",
      description: `${subsetPaths + 1} paths of a few kB`,
      closure: smallClosure(subsetPaths, "subset"),
    },
  ];
}

/** Slower than this, large sets take minutes; what differences do there is seen by the set that has them. */
const narrow = 10_000_000;

/** `ssh://` over a link with a delay takes minutes: it gets the subset, and the sets only on the direct link. */
export function planTrials(links: readonly LinkProfile[], sets: readonly PushSet[]): readonly Trial[] {
  return links.flatMap((link) =>
    sets.flatMap((set) => {
      const isDelayed = link.emulated !== undefined;
      const isCheap = set.name !== "rebuilt" && (!isDelayed || set.name === "subset" || set.name === "no-op");
      const ways: readonly Way[] = [
        "ours",
        ...(set.name === "rebuilt" ? (["ours-full"] as const) : []),
        ...(set.name === "no-op" ? (["ours-pooled"] as const) : []),
        "ssh-ng",
        ...(isCheap ? (["ssh"] as const) : []),
      ];
      const isNarrow = link.emulated !== undefined && link.emulated.bytesPerSecond < narrow;
      if ((isNarrow && set.name !== "rebuilt") || (!isDelayed && set.name === "subset")) return [];
      return ways.map((way) => ({ link, set, way }));
    }),
  );
}

/** Size of what a set sends, as NARs without their framing. */
export function missingBytes({ closure, before }: PushSet): number {
  const there = new Set<StorePath>(before?.paths.map(({ path }) => path));
  return closure.paths
    .filter(({ path }) => !there.has(path))
    .flatMap(({ files }) => files)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
