import { evaluateModules } from "../../composition/evaluation/evaluate-modules.ts";
import { EvaluationTrace } from "../../composition/evaluation/lazy-value.ts";
import { flakeLib } from "../../composition/lib/flake-lib.ts";
import { FleetError, FleetErrors } from "../../errors.ts";
import type { ModuleCase, ModuleSet, ReadOption } from "./module-set.ts";

/** What became of one option: its value as JSON, or that reading it fails. */
export type Outcome = { readonly json: string } | { readonly fails: string };

const root = "/fleet";

/** What composition/ makes of the modules; an error that is seen before any value is one for every option. */
export function evaluateHere(set: ModuleSet): { readonly refused?: string; readonly outcomes: readonly Outcome[] } {
  const modules: ((args: { readonly config: object }) => object)[] = [];
  for (const module of set.modules)
    modules.push(({ config }) => dataOf(module, modules, (path) => valueAt(config, path)));
  try {
    const { config } = evaluateModules({
      modules: set.roots.map((index) => ({
        module: modules[index],
        source: { file: `module-${index}.ts`, root, locate: () => undefined },
        path: [],
      })),
      path: [],
      trace: new EvaluationTrace(root),
      argumentsFor: (own) => ({ config: own, lib: flakeLib }),
    });
    return { outcomes: set.paths.map((path) => attempt(() => JSON.stringify(valueAt(config, path)))) };
  } catch (error) {
    const refused = messageOf(error);
    return { refused, outcomes: set.paths.map(() => ({ fails: refused })) };
  }
}

function dataOf(module: ModuleCase, modules: readonly unknown[], read: ReadOption): object {
  const options = {};
  for (const { path, type, readOnly, ...rest } of module.options)
    setAt(options, path, flakeLib.mkOption({ type: type.ours, ...rest, ...(readOnly ? { readOnly } : {}) }));
  return {
    imports: module.imports.map((index) => modules[index]),
    options,
    config: flakeLib.mkMerge(definitionsOf(module, read)),
  };
}

/** The module's definitions, each in a set of its own. */
export function definitionsOf({ fragments }: ModuleCase, read: ReadOption): readonly unknown[] {
  return fragments.map(({ path, value, around }) => {
    const content = {};
    setAt(content, path, value(read));
    return around(read, content);
  });
}

function setAt(into: object, path: string, value: unknown): void {
  const [name = "", ...rest] = path.split(".");
  if (rest.length === 0) {
    Object.assign(into, { [name]: value });
    return;
  }
  const inner: unknown = Reflect.get(into, name);
  const below = typeof inner === "object" && inner !== null ? inner : {};
  Object.assign(into, { [name]: below });
  setAt(below, rest.join("."), value);
}

function valueAt(from: object, path: string): unknown {
  // Every part but the last is a set of options.
  return path.split(".").reduce<unknown>((value, name) => Reflect.get(value as object, name), from);
}

function attempt(read: () => string): Outcome {
  try {
    return { json: read() };
  } catch (error) {
    return { fails: messageOf(error) };
  }
}

/** Anything but an error of ours is a bug, and ends the run. */
function messageOf(error: unknown): string {
  if (error instanceof FleetError || error instanceof FleetErrors) return error.message;
  throw error;
}
