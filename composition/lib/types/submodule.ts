import { type Definition, isAttributeSet } from "../../evaluation/definition.ts";
import { evaluateModules } from "../../evaluation/evaluate-modules.ts";
import type { ModuleInput } from "../../evaluation/module-graph.ts";
import { formatPath } from "../../option-path.ts";
import type { MergeContext, OptionType } from "../option-type.ts";

/** What a submodule's function is given. */
export interface SubmoduleArguments {
  /** The submodule's own values. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The attribute's name, in an attribute set of submodules. */
  readonly name: string;
}

/** Options and definitions of a submodule, as in any module. */
export interface SubmoduleData {
  readonly imports?: readonly SubmoduleModule[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly config?: unknown;
  /** Type of attributes that no option declares. */
  readonly freeformType?: OptionType;
}

export type SubmoduleModule = SubmoduleData | ((args: SubmoduleArguments) => SubmoduleData);

const declaredModules = new WeakMap<OptionType, readonly unknown[]>();

/**
 * A set with options of its own. A definition that is an attribute set defines these options and nothing else, so that
 * a submodule may declare options called `imports` or `config`; a definition that is a function is a whole module.
 * Source: nixpkgs, lib/types.nix (submodule, `shorthandOnlyDefinesConfig`).
 */
export function submodule(declared: SubmoduleModule | readonly SubmoduleModule[]): OptionType {
  return submoduleOf(Array.isArray(declared) ? declared : [declared]);
}

function submoduleOf(modules: readonly unknown[]): OptionType {
  const type: OptionType = {
    name: "submodule",
    description: "submodule",
    check: (value) => isAttributeSet(value) || typeof value === "function",
    merge: (context, definitions) => mergeSubmodule(context, modules, definitions),
    // Its options' defaults are its value.
    empty: (context) => mergeSubmodule(context, modules, []),
    combine: (other) => {
      const more = declaredModules.get(other);
      return more === undefined ? undefined : submoduleOf([...modules, ...more]);
    },
  };
  declaredModules.set(type, modules);
  return type;
}

function mergeSubmodule(
  context: MergeContext,
  modules: readonly unknown[],
  definitions: readonly Definition[],
): Readonly<Record<string, unknown>> {
  const { path, trace } = context;
  const inputs: ModuleInput[] = modules.map((module) => ({
    module,
    source: { file: `the declaration of ${formatPath(path)}`, root: trace.root, locate: () => undefined },
    path: [],
  }));
  for (const { value, source, path: place } of definitions) {
    inputs.push({ module: isAttributeSet(value) ? { config: value } : value, source, path: place });
  }
  return evaluateModules({
    modules: inputs,
    path,
    trace,
    argumentsFor: (config) => ({ config, name: path.at(-1) ?? "" }),
  }).config;
}
