import type { StorePath } from "../../../local-nix/store-path.ts";
import { type PathInfo, sizeOf } from "../path-info.ts";
import { largePathBytes } from "../path-schedule.ts";

/** Paths that go out together; a stage begins when the one before it has been added. */
export type DeltaStage =
  | { readonly kind: "full"; readonly paths: readonly PathInfo[] }
  /** As differences from the archives of `references`, one after another; none twice. */
  | { readonly kind: "delta"; readonly paths: readonly PathInfo[]; readonly references: readonly PathInfo[] };

/** Bytes of archives. Both ends hold a stage's references and what is made of them in memory. */
export interface DeltaBounds {
  /** Largest path, and largest reference, that goes as differences at all. */
  readonly pathBytes: number;
  /** A stage has no more than this of paths, and of references, unless one path alone is larger. */
  readonly stageBytes: number;
}

const mebibyte = 2 ** 20;
/** zstd refers to nothing that lies farther back than its window: 2^27 bytes, the most that `zstd -d` takes unasked. */
export const windowLog = 27;
const mostPathBytes = 120 * mebibyte;
// zstd here holds three times as much: the references, what it reads, and what it looks for. Small stages wait for nothing, as
// the next one is prepared while one is on its way.
const mostStageBytes = 24 * mebibyte;
// A host that does not say what it has is given what any Nix' own evaluation would take several times over.
const unknownMemoryBytes = 256 * mebibyte;

/** A host needs twice the bound: a quarter of what it has free, then, is half of it. */
export function boundsFor(availableBytes: number | undefined): DeltaBounds {
  const quarter = Math.floor((availableBytes ?? unknownMemoryBytes) / 4);
  const pathBytes = Math.min(mostPathBytes, quarter);
  return { pathBytes, stageBytes: Math.min(mostStageBytes, Math.floor(pathBytes / 2)) };
}

/** Bytes of archives that go as differences. */
export function deltaBytes(stages: readonly DeltaStage[]): number {
  return stages.reduce((sum, { kind, paths }) => sum + (kind === "delta" ? sizeOf(paths) : 0), 0);
}

/**
 * Stages in which every path comes after its references, with as few changes between the kinds as that allows.
 * What is new and small goes along with the differences; what is new and large, or has no predecessor within the bounds, in full.
 * @param missing - each path once and after its references. @returns one full stage when no path has a predecessor to use.
 */
export function planDelta(
  missing: readonly PathInfo[],
  predecessors: ReadonlyMap<StorePath, PathInfo>,
  bounds: DeltaBounds,
): readonly DeltaStage[] {
  const isFull = (info: PathInfo): boolean => {
    const predecessor = predecessors.get(info.path);
    if (predecessor === undefined) return info.narSize >= Math.min(largePathBytes, bounds.stageBytes);
    return Math.max(info.narSize, predecessor.narSize) > bounds.pathBytes;
  };
  const stages = runsOf(missing, isFull).flatMap(({ full, paths }) =>
    full ? [{ kind: "full", paths } as const] : cutStages(paths, predecessors, bounds.stageBytes),
  );
  return joinFull(stages);
}

interface Run {
  readonly full: boolean;
  readonly paths: PathInfo[];
}

/** Alternately all that can go of one kind, then of the other. */
function runsOf(missing: readonly PathInfo[], isFull: (info: PathInfo) => boolean): readonly Run[] {
  const runs: Run[] = [];
  const absent = new Set(missing.map(({ path }) => path));
  let left = missing;
  for (let [full, idle] = [false, 0]; left.length > 0; full = !full) {
    const run: Run = { full, paths: [] };
    const later: PathInfo[] = [];
    for (const info of left) {
      const isReady = info.references.every((path) => path === info.path || !absent.has(path));
      if (isReady && isFull(info) === full) {
        run.paths.push(info);
        absent.delete(info.path);
      } else later.push(info);
    }
    left = later;
    idle = run.paths.length > 0 ? 0 : idle + 1;
    if (idle === 2) throw new TypeError("references in a circle");
    if (idle === 0) runs.push(run);
  }
  return runs;
}

interface Filling {
  readonly paths: PathInfo[];
  readonly references: Set<PathInfo>;
  bytes: number;
  referenceBytes: number;
}

function hasRoom(stage: Filling, info: PathInfo, reference: PathInfo | undefined, stageBytes: number): boolean {
  const more = reference === undefined || stage.references.has(reference) ? 0 : reference.narSize;
  return stage.bytes + info.narSize <= stageBytes && stage.referenceBytes + more <= stageBytes;
}

function cutStages(
  paths: readonly PathInfo[],
  predecessors: ReadonlyMap<StorePath, PathInfo>,
  stageBytes: number,
): readonly DeltaStage[] {
  const stages: Filling[] = [];
  for (const info of paths) {
    const reference = predecessors.get(info.path);
    let current = stages.at(-1);
    if (current === undefined || !hasRoom(current, info, reference, stageBytes)) {
      current = { paths: [], references: new Set(), bytes: 0, referenceBytes: 0 };
      stages.push(current);
    }
    current.paths.push(info);
    current.bytes += info.narSize;
    if (reference === undefined || current.references.has(reference)) continue;
    current.references.add(reference);
    current.referenceBytes += reference.narSize;
  }
  return stages.map(({ paths, references }) =>
    references.size === 0 ? { kind: "full", paths } : { kind: "delta", paths, references: [...references] },
  );
}

function joinFull(stages: readonly DeltaStage[]): readonly DeltaStage[] {
  const joined: DeltaStage[] = [];
  for (const stage of stages) {
    const last = joined.at(-1);
    if (stage.kind === "full" && last?.kind === "full") {
      joined[joined.length - 1] = { kind: "full", paths: [...last.paths, ...stage.paths] };
    } else joined.push(stage);
  }
  return joined;
}
