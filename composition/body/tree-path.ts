import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { authorCallSite, type CallSite, relativeToFleet, renderCallSite } from "./call-site.ts";
import { TreePathError } from "./errors.ts";

/**
 * A file or folder of the tree, printed as a path literal relative to the emitted file. A machine's closure then holds
 * that file alone; `inputs.self + "/file"` would bring the whole source tree with every commit.
 */
export class TreePath {
  /** Absolute. */
  readonly path: string;
  readonly usedAt: CallSite | undefined;

  constructor(path: string, usedAt: CallSite | undefined) {
    this.path = path;
    this.usedAt = usedAt;
  }
}

/** A module written in Nix, used as a body or imported by one. */
export class NixFile {
  /** Absolute. */
  readonly path: string;
  readonly usedAt: CallSite | undefined;

  constructor(path: string, usedAt: CallSite | undefined) {
    this.path = path;
    this.usedAt = usedAt;
  }
}

/**
 * A file of the tree, e.g. `file("./secrets/wifi.yaml")`.
 * @param path - relative to the file that calls.
 * @throws {TreePathError} nothing exists there, or the path is not relative.
 */
export function file(path: string): TreePath {
  const site = authorCallSite();
  return new TreePath(resolveBeside(path, site, "file"), site);
}

/**
 * A Nix module of the tree, e.g. `nixFile("./disko.nix")`.
 * @param path - relative to the file that calls.
 * @throws {TreePathError} nothing exists there, or the path is not relative.
 */
export function nixFile(path: string): NixFile {
  const site = authorCallSite();
  return new NixFile(resolveBeside(path, site, "nixFile"), site);
}

function resolveBeside(path: string, site: CallSite | undefined, called: string): string {
  const at = renderCallSite(site);
  if (site === undefined || !/^\.\.?(?:\/|$)/.test(path)) {
    throw new TreePathError({
      summary: `${called}(${JSON.stringify(path)}): the path must be relative to the file that names it`,
      expected: 'a path that begins with "./" or "../"',
      found: JSON.stringify(path),
      at,
      fix: `write ${called}("./…") in the file beside which the path lies`,
    });
  }
  const absolute = resolve(dirname(site.path), path);
  if (existsSync(absolute)) return absolute;
  throw new TreePathError({
    summary: `${called}(${JSON.stringify(path)}): there is no such file`,
    expected: `a file at ${relativeToFleet(absolute)}`,
    found: "nothing",
    at,
    fix: "create the file, or correct the path: it is relative to the file that calls",
  });
}
