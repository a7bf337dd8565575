import { createHash } from "node:crypto";
import { parseStorePath, type StorePath } from "../../local-nix/store-path.ts";

/** A store path that exists for measuring only: its contents follow from its description. */
export interface SyntheticPath {
  readonly path: StorePath;
  readonly references: readonly StorePath[];
  readonly files: readonly SyntheticFile[];
}

export interface SyntheticFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly seed: number;
  /** Store paths that its contents name over and over, as programs name their libraries. Default: none. */
  readonly mentions?: readonly StorePath[];
}

/** A closure, dependencies first. The last path refers to all others, at first or second hand. */
export interface SyntheticClosure {
  readonly toplevel: StorePath;
  readonly paths: readonly SyntheticPath[];
}

export interface SetSizes {
  /** Paths of a few kilobytes. */
  readonly small: number;
  /** Sizes of the large paths. */
  readonly large: readonly number[];
  /** Of the mixed set: small paths that the host has already. */
  readonly present: number;
  /** Small and large paths that are missing. */
  readonly missing: { readonly small: number; readonly large: readonly number[] };
}

const megabyte = 1_000_000;

export const wholeSizes: SetSizes = {
  small: 2_000,
  large: [160, 90, 60, 45, 24].map((size) => size * megabyte),
  present: 1_700,
  missing: { small: 299, large: [22, 22, 22].map((size) => size * megabyte) },
};

export const quickSizes: SetSizes = {
  small: 400,
  large: [20, 11, 8, 6, 3].map((size) => size * megabyte),
  present: 340,
  missing: { small: 59, large: [3, 3, 3].map((size) => size * megabyte) },
};

/** @param label - part of every path's name: sets of two labels share no path. */
export function smallClosure(count: number, label = `small-${count}`): SyntheticClosure {
  const paths: SyntheticPath[] = [];
  for (let index = 0; index < count; index++) {
    const references = earlier(paths, index);
    const files = [
      { name: "bin/program", sizeBytes: 1_500 + ((index * 769) % 2_500), seed: index + 1 },
      { name: "share/notes", sizeBytes: 800 + ((index * 331) % 1_000), seed: index + 100_001 },
    ];
    paths.push(syntheticPath(`${label}-${index}`, references, files));
  }
  return withToplevel(label, paths);
}

export function largeClosure(sizes: readonly number[], label = "large"): SyntheticClosure {
  return withToplevel(
    label,
    sizes.map((sizeBytes, index) => largePath(`${label}-${index}`, sizeBytes, index)),
  );
}

/** What a host has, and the next closure, which shares most with it. */
export function mixedClosures(
  { present, missing }: Pick<SetSizes, "present" | "missing">,
  label = `mixed-${present}`,
): { before: SyntheticClosure; after: SyntheticClosure } {
  const all = smallClosure(present + missing.small, label).paths.slice(0, -1);
  const large = missing.large.map((sizeBytes, index) => largePath(`${label}-large-${index}`, sizeBytes, 50 + index));
  return {
    before: withToplevel(`${label}-before`, all.slice(0, present)),
    after: withToplevel(`${label}-after`, [...all, ...large]),
  };
}

/**
 * A closure before and after its lowest library was built anew: every path is another one, because it names others, and
 * nothing else in it has changed.
 */
export function rebuiltClosures(
  { missing }: Pick<SetSizes, "missing">,
  label = `rebuilt-${missing.small}`,
): { before: SyntheticClosure; after: SyntheticClosure } {
  const build = (revision: number): SyntheticClosure => {
    const library = [{ name: "lib/lowest", sizeBytes: 60_000, seed: 900_000 + revision }];
    const paths = [syntheticPath(`${label}-library`, [], library)];
    for (let index = 1; index <= missing.small + missing.large.length; index++) {
      const sizeBytes = missing.large[index - 1 - missing.small] ?? 2_000 + ((index * 769) % 6_000);
      const references = [...new Set([paths[0], paths[index - 1], paths[index >> 1]])].flatMap(
        (ref) => ref?.path ?? [],
      );
      const files = [{ name: "bin/program", sizeBytes, seed: 910_000 + index, mentions: references }];
      paths.push(syntheticPath(`${label}-${index}`, references.sort(), files));
    }
    return withToplevel(label, paths);
  };
  return { before: build(1), after: build(2) };
}

/** The closures of a fleet: what its machines have already, what is new for all of them, and what each has for itself. */
export interface FleetClosures {
  /** In every machine's store. */
  readonly present: readonly SyntheticPath[];
  /** New, and the same for all; the last one refers to all others, and to what is present. */
  readonly shared: readonly SyntheticPath[];
  /** Of one machine each; the last one refers to all that is shared and to the others of its own. */
  readonly own: readonly (readonly SyntheticPath[])[];
}

/** Paths of a few kilobytes. @param sizes - how many of each; of `shared` and `own` at least two. */
export function fleetClosures(
  machines: number,
  sizes: { readonly present: number; readonly shared: number; readonly own: number },
  label = "fleet",
): FleetClosures {
  const small = (count: number, name: string): readonly SyntheticPath[] => smallClosure(count, name).paths.slice(0, -1);
  const below = (name: string, paths: readonly SyntheticPath[], others: readonly SyntheticPath[]): SyntheticPath => {
    const references = [...paths, ...others].map(({ path }) => path).sort();
    return syntheticPath(name, references, [{ name: "system", sizeBytes: 500, seed: 7 }]);
  };
  const present = small(sizes.present, `${label}-present`);
  const shared = small(sizes.shared - 1, `${label}-shared`);
  const all = below(`${label}-all`, shared, present);
  const own = Array.from({ length: machines }, (_, index) => {
    const paths = small(sizes.own - 1, `${label}-own-${index}`);
    return [...paths, below(`${label}-top-${index}`, paths, [all])];
  });
  return { present, shared: [...shared, all], own };
}

/** Up to four references to paths shortly before: a graph as deep and as dense as a system's. */
function earlier(paths: readonly SyntheticPath[], index: number): readonly StorePath[] {
  const distances = [
    1 + ((index * 7) % 5),
    3 + ((index * 13) % 30),
    10 + ((index * 29) % 90),
    1 + ((index * 31) % 200),
  ];
  const count = index % 5;
  const chosen = distances.slice(0, count).flatMap((distance) => paths[index - distance]?.path ?? []);
  return [...new Set(chosen)].sort();
}

function largePath(name: string, sizeBytes: number, seed: number): SyntheticPath {
  // A few files, the first one half of all: a program with its libraries.
  const shares = [0.5, 0.25, 0.15, 0.1];
  const files = shares.map((share, index) => ({
    name: `lib/part-${index}`,
    sizeBytes: Math.round(sizeBytes * share),
    seed: 200_000 + seed * 10 + index,
  }));
  return syntheticPath(`${name}-${sizeBytes}`, [], files);
}

function withToplevel(name: string, paths: readonly SyntheticPath[]): SyntheticClosure {
  const references = paths.map(({ path }) => path).sort();
  const top = syntheticPath(`top-${name}`, references, [{ name: "system", sizeBytes: 500, seed: 7 }]);
  return { toplevel: top.path, paths: [...paths, top] };
}

/** The path's hash covers what it is made of, so that another recipe is another path. */
function syntheticPath(name: string, references: readonly StorePath[], files: readonly SyntheticFile[]): SyntheticPath {
  const digest = createHash("sha256")
    .update(JSON.stringify(["2", name, references, files]))
    .digest();
  return { path: parseStorePath(`/nix/store/${base32(digest)}-bench-${name}`), references, files };
}

// Source: nix 2.26, src/libutil/hash.cc: its base 32 leaves out e, o, t, u. Any 32 of its characters make a path.
const alphabet = "0123456789abcdfghijklmnpqrsvwxyz";

function base32(digest: Uint8Array): string {
  return Array.from(digest.subarray(0, 32), (byte) => alphabet[byte % 32]).join("");
}
