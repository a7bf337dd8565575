import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** A place in an author's file. */
export interface CallSite {
  /** Absolute path of the file. */
  readonly path: string;
  readonly line: number;
}

/**
 * How many frames are looked at: an author may call through helpers of their own, but never through hundreds. Capturing takes
 * its time by the frame, a large fleet asks 200,000 times, and almost always the first frames have the answer.
 */
const searchedFrames = [8, 50] as const;

/**
 * The place in an author's file that led here: the innermost frame that lies neither in this package's composition code
 * nor in Node. Undefined where no such frame exists (a bare `node -e`, the far side of an `await`).
 *
 * Source: V8 stack trace API (`Error.captureStackTrace`, `Error.prepareStackTrace`); type stripping keeps positions.
 */
export function authorCallSite(callee?: Callee): CallSite | undefined {
  const direct = callee && innermostAuthor(currentFrames(1, callee));
  if (direct !== undefined) return direct;
  for (const limit of searchedFrames) {
    const frames = currentFrames(limit, authorCallSite);
    const found = innermostAuthor(frames);
    if (found !== undefined || frames.length < limit) return found;
  }
  return undefined;
}

/** Any function; it is only compared with those on the stack. */
export type Callee = (...args: never[]) => unknown;

function innermostAuthor(frames: readonly NodeJS.CallSite[]): CallSite | undefined {
  for (const frame of frames) {
    const path = authorPath(frame.getFileName());
    if (path !== undefined) return { path, line: frame.getLineNumber() ?? 1 };
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

function currentFrames(limit: number, above: Callee): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = (_error, frames) => frames;
    Error.captureStackTrace(holder, above);
    // Reading `stack` formats it: with the hook above the "text" is the list of frames.
    return Array.isArray(holder.stack) ? holder.stack : [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** By a frame's file name: the same few files come again and again. */
const authorPaths = new Map<string, string | undefined>();

/** @returns undefined for Node's own files and this package's composition code. */
function authorPath(fileName: string | null | undefined): string | undefined {
  if (fileName === null || fileName === undefined) return undefined;
  const known = authorPaths.get(fileName);
  if (known !== undefined || authorPaths.has(fileName)) return known;
  const path = pathOfFrame(fileName);
  const authored = path === undefined || isOwnCode(path) ? undefined : path;
  authorPaths.set(fileName, authored);
  return authored;
}

function pathOfFrame(fileName: string): string | undefined {
  if (fileName.startsWith("node:")) return undefined;
  if (!fileName.startsWith("file:")) return fileName.startsWith("/") ? fileName : undefined;
  return fileURLToPath(new URL(fileName.split("?", 1)[0] ?? fileName));
}

const ownFolder = dirname(import.meta.dirname);

function isOwnCode(path: string): boolean {
  return path.startsWith(ownFolder + sep);
}
