import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FleetError, FleetErrors, throwGathered } from "../errors.ts";
import { ModuleLoadError } from "./errors.ts";
import { FlakeModule, type FlakeModuleInput } from "./flake-module.ts";
import { describeThrown, throwingPlace } from "./module-failure.ts";
import { showValue } from "./show-value.ts";
import { formatLocation } from "./source-location.ts";

/** A discovered module. */
export interface LoadedModule {
  /** Relative to the fleet's root. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  readonly module: FlakeModuleInput;
}

/**
 * Loads files as ECMAScript modules and takes their default exports.
 * @param files - relative to `root`. @throws {FleetError} @throws {FleetErrors} every file that fails, together.
 */
export async function loadModules(root: string, files: readonly string[]): Promise<readonly LoadedModule[]> {
  const errors: FleetError[] = [];
  const loaded: LoadedModule[] = [];
  for (let start = 0; start < files.length; start += loadedTogether) {
    const part = files.slice(start, start + loadedTogether);
    const together = await loadTogether(root, part);
    // One after the other: module evaluation order is then the files' order, whatever the disk does.
    for (const [index, file] of part.entries()) {
      const path = join(root, file);
      try {
        const exports: unknown = together === undefined ? await import(pathToFileURL(path).href) : together[index];
        loaded.push({ file, path, module: checkedDefault(file, exports) });
      } catch (thrown) {
        errors.push(...loadErrors(root, file, thrown));
      }
    }
  }
  throwGathered(errors);
  return loaded;
}

/** Each name is resolved against the address of the module that names it, which is as long as all of them together. */
const loadedTogether = 64;

/**
 * Loads files through one module that names them: Node goes through its loader once instead of once per file, in half the
 * time, and evaluates them in the order in which they are named.
 * @returns their exports; undefined: one of them fails, and only loading each by itself tells of all that do. What was
 *   evaluated until then is not evaluated again.
 */
async function loadTogether(root: string, files: readonly string[]): Promise<readonly unknown[] | undefined> {
  const urls = files.map((file) => JSON.stringify(pathToFileURL(join(root, file)).href));
  const text = urls.map((url, index) => `export * as m${index} from ${url};`).join("\n");
  try {
    const exports: Readonly<Record<string, unknown>> = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    return files.map((_, index) => exports[`m${index}`]);
  } catch {
    return undefined;
  }
}

function checkedDefault(file: string, exports: unknown): FlakeModuleInput {
  // A module namespace object; its default export is checked below.
  const value = (exports as { readonly default?: unknown }).default;
  if (value instanceof FlakeModule || typeof value === "function") return value as FlakeModuleInput;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as FlakeModuleInput;
  throw new ModuleLoadError({
    summary: `${file}: the file's default export is no flake module`,
    expected: "export default flakeModule(({ config, lib }) => ({ … }))",
    found: value === undefined ? "no default export" : showValue(value),
    at: file,
    fix: 'export a flake module, or begin the name of the file or of its folder with "_" so that importTree passes over it',
  });
}

function loadErrors(root: string, file: string, thrown: unknown): readonly FleetError[] {
  if (thrown instanceof FleetErrors) return thrown.errors.filter((error) => error instanceof FleetError);
  if (thrown instanceof FleetError) return [thrown];
  const place = syntaxPlace(root, thrown) ?? throwingPlace(root, thrown);
  return [
    new ModuleLoadError(
      {
        summary: `${file}: the file cannot be loaded`,
        expected: "a TypeScript file that loads without error",
        found: describeThrown(thrown),
        at: place === undefined ? file : formatLocation(place),
        fix: "correct the file; `npx tsc -p .` shows the same error in the editor's words",
      },
      { cause: thrown },
    ),
  ];
}

/** A syntax error's stack begins with `file:///path:line`. Source: Node 24, lib/internal/modules/esm. */
function syntaxPlace(root: string, thrown: unknown): ReturnType<typeof throwingPlace> {
  if (!(thrown instanceof SyntaxError)) return undefined;
  const found = /^(\/.*|file:\/\/.*):(\d+)$/m.exec(thrown.stack?.split("\n")[0] ?? "");
  if (found === null) return undefined;
  const error = new Error();
  error.stack = `Error\n    at ${found[1]}:${found[2]}:1`;
  return throwingPlace(root, error);
}
