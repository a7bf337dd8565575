import { isAbsolute, relative, sep } from "node:path";
import { authorCallSite, type Callee } from "./body/call-site.ts";

/** A place in the fleet's sources. */
export interface SourceLocation {
  /** Relative to the fleet's root, with "/"; absolute for files outside of it. */
  readonly file: string;
  readonly line?: number;
}

/** `file:line`, or the file alone where the line is not known. */
export function formatLocation({ file, line }: SourceLocation): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The path as messages show it: relative to the fleet's root where it lies below, otherwise unchanged. */
export function pathInFleet(root: string, path: string): string {
  const inside = relative(root, path);
  return inside === "" || inside.startsWith("..") || isAbsolute(inside) ? path : inside.split(sep).join("/");
}

/** By a call site's path, for the root last asked about: a large fleet asks 200,000 times about a thousand files. */
let known = { root: "", files: new Map<string, string>() };

function knownPathInFleet(root: string, path: string): string {
  if (known.root !== root) known = { root, files: new Map() };
  const file = known.files.get(path) ?? pathInFleet(root, path);
  known.files.set(path, file);
  return file;
}

/** The author's line that called into this package. @param callee - as authorCallSite takes it. */
export function captureLocation(root: string, callee?: Callee): SourceLocation {
  const site = authorCallSite(callee);
  return site === undefined ? { file: "(unknown file)" } : { file: knownPathInFleet(root, site.path), line: site.line };
}
