import { isAbsolute, relative, sep } from "node:path";
import { authorCallSite } from "./body/call-site.ts";

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

/** The author's line that called into this package. */
export function captureLocation(root: string): SourceLocation {
  const site = authorCallSite();
  return site === undefined ? { file: "(unknown file)" } : { file: pathInFleet(root, site.path), line: site.line };
}
