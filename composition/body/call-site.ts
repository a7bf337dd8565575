import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** A place in an author's file. */
export interface CallSite {
  /** Absolute path of the file. */
  readonly path: string;
  readonly line: number;
}

/** How many frames are looked at: an author may call through helpers of their own, but never through hundreds. */
const searchedFrames = 50;

/**
 * The place in an author's file that led here: the innermost frame that lies neither in this package's composition code
 * nor in Node. Undefined where no such frame exists (a bare `node -e`, the far side of an `await`).
 *
 * Source: V8 stack trace API (`Error.captureStackTrace`, `Error.prepareStackTrace`); type stripping keeps positions.
 */
export function authorCallSite(): CallSite | undefined {
  for (const frame of currentFrames()) {
    const path = pathOfFrame(frame.getFileName());
    if (path === undefined || isOwnCode(path)) continue;
    return { path, line: frame.getLineNumber() ?? 1 };
  }
  return undefined;
}

/** `file:line` with the file relative to the fleet's root, as every message shows it. */
export function renderCallSite(site: CallSite | undefined): string {
  return site === undefined ? "(unknown place)" : `${relativeToFleet(site.path)}:${site.line}`;
}

/** The path as the fleet's owner knows it: relative to the nearest folder with a `fleet.ts`, or absolute without one. */
export function relativeToFleet(path: string): string {
  const root = fleetRootAbove(path);
  return root === undefined ? path : relative(root, path).split(sep).join("/");
}

/** The nearest folder at or above the file's own that holds a `fleet.ts`. */
export function fleetRootAbove(path: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "fleet.ts"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function currentFrames(): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = searchedFrames;
    Error.prepareStackTrace = (_error, frames) => frames;
    Error.captureStackTrace(holder, currentFrames);
    // Reading `stack` formats it: with the hook above the "text" is the list of frames.
    return Array.isArray(holder.stack) ? holder.stack : [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function pathOfFrame(fileName: string | null | undefined): string | undefined {
  if (fileName === null || fileName === undefined || fileName.startsWith("node:")) return undefined;
  if (!fileName.startsWith("file:")) return fileName.startsWith("/") ? fileName : undefined;
  return fileURLToPath(new URL(fileName.split("?", 1)[0] ?? fileName));
}

const ownFolder = dirname(import.meta.dirname);

function isOwnCode(path: string): boolean {
  return path.startsWith(ownFolder + sep);
}
