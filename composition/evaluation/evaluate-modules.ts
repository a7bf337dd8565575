import { throwGathered } from "../../errors.ts";
import type { ScopeOverlay } from "./config-scope.ts";
import { ConfigScope } from "./config-scope.ts";
import type { Definition } from "./definition.ts";
import { evaluateSet, unmatchedDefinitions } from "./evaluate-set.ts";
import type { EvaluationTrace } from "./lazy-value.ts";
import { ModuleGraph, type ModuleInput, type ModuleNode } from "./module-graph.ts";
import { declareOptions, type OptionSet } from "./option-tree.ts";
import { isUnknown } from "./unknown-value.ts";

export interface EvaluationRequest {
  readonly modules: readonly ModuleInput[];
  /** The set's own path: empty for the flake, `["clan", "machines", "galena"]` in a submodule. */
  readonly path: readonly string[];
  readonly trace: EvaluationTrace;
  /** What functions among the modules are given. */
  readonly argumentsFor: (config: Readonly<Record<string, unknown>>) => object;
  readonly overlay?: ScopeOverlay;
}

export interface ModulesEvaluation {
  /** The values, computed when read. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly options: OptionSet;
  /** The modules' definitions, imported modules before the importing one. */
  readonly definitions: readonly Definition[];
}

/**
 * Evaluates modules to a fixpoint: options, definitions and values that may read each other.
 * Differs from nixpkgs' evalModules in one stated point: modules count in the order in which they are listed, imported
 * ones before those that import them (nixpkgs reverses its list, so that later modules' list elements come first).
 * @throws {FleetError} @throws {FleetErrors} what can be seen without computing every value.
 */
export function evaluateModules(request: EvaluationRequest): ModulesEvaluation {
  const { path, trace, overlay } = request;
  const scope = new ConfigScope(trace.root, path, overlay);
  const evaluate = (nodes: readonly ModuleNode[]) => evaluateNodes(request, nodes);
  const graph = new ModuleGraph(scope, request.argumentsFor(scope.view()), (nodes) => evaluate(nodes).config);
  const nodes = graph.settle(request.modules);
  const evaluation = evaluate(nodes);
  scope.current = evaluation.config;
  scope.startRun(evaluation);
  throwGathered(unmatchedDefinitions(path, evaluation.options, evaluation.definitions, evaluation.open));
  return evaluation;
}

function evaluateNodes(
  { path, trace }: EvaluationRequest,
  nodes: readonly ModuleNode[],
): ModulesEvaluation & { readonly open: boolean } {
  const options: OptionSet = { kind: "set", children: new Map() };
  const definitions: Definition[] = [];
  let freeform: ModuleNode["output"];
  for (const { output, input } of nodes) {
    if (output === undefined) continue;
    if (output.options !== undefined && !isUnknown(output.options))
      declareOptions(options, output.options, input.source, []);
    if (output.freeformType !== undefined) freeform = output;
    definitions.push(output.config);
  }
  const config = evaluateSet({ path, trace }, options, definitions, freeform?.freeformType);
  return { config, options, definitions, open: freeform !== undefined };
}
