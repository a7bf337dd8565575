import { fileURLToPath } from "node:url";
import { ModuleFailedError } from "./errors.ts";
import { formatLocation, pathInFleet, type SourceLocation } from "./source-location.ts";

/** An exception from an author's code, with the line it came from where the stack tells. */
export function moduleFailure(root: string, subject: string, thrown: unknown, place?: string): ModuleFailedError {
  const at = throwingPlace(root, thrown);
  return new ModuleFailedError(
    {
      summary: `${subject}: the module's code threw`,
      expected: "code that returns",
      found: describeThrown(thrown),
      at: at === undefined ? (place ?? "(unknown file)") : formatLocation(at),
      fix: "correct the code at that line",
    },
    { cause: thrown },
  );
}

/** `TypeError: x is undefined` */
export function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

/**
 * The innermost frame of an exception's stack that lies below `root`, outside of this package and of node_modules.
 * Source: V8's stack trace format, `at name (file:///path:line:column)`.
 */
export function throwingPlace(root: string, thrown: unknown): SourceLocation | undefined {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") return undefined;
  for (const frame of thrown.stack.split("\n")) {
    const found = /(?:\(|at )((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(frame.trim());
    if (found === null) continue;
    const [, where = "", line] = found;
    const path = where.startsWith("file:") ? fileURLToPath(where.replace(/\?.*$/, "")) : where;
    if (path.startsWith(`${import.meta.dirname}/`) || path.includes("/node_modules/")) continue;
    return { file: pathInFleet(root, path), line: Number(line) };
  }
  return undefined;
}
