import { FleetError, FleetErrors, throwGathered } from "../../errors.ts";
import { moduleFailure } from "../module-failure.ts";
import { type ConfigScope, Suspension } from "./config-scope.ts";
import type { DefinitionSource } from "./definition.ts";
import { type ModuleOutput, readModuleOutput } from "./module-output.ts";
import { cycleAmong, readsItsOwnDefinition, staleReads } from "./module-reads.ts";

type EvaluatedRecord = Readonly<Record<string, unknown>>;

/** A module to evaluate, and where it comes from. */
export interface ModuleInput {
  /** Data, or a function of the arguments. */
  readonly module: unknown;
  readonly source: DefinitionSource;
  /** Where in the source the definitions stand; empty for a whole file. */
  readonly path: readonly string[];
  /** What makes two imports the same module; absent: the module itself. */
  readonly key?: unknown;
  /** Input for a member of the module's `imports`; absent: the member itself, in the same source. */
  readonly importOf?: (imported: unknown) => ModuleInput;
}

/** A module while the fixpoint is looked for. */
export interface ModuleNode {
  readonly input: ModuleInput;
  imports: readonly ModuleNode[];
  /** The last output; undefined: never got that far. */
  output: ModuleOutput | undefined;
  /** The output before the last, to see what it no longer defines. */
  before: ModuleOutput | undefined;
  failure: FleetError | FleetErrors | undefined;
  /** Option paths that the last run read. */
  reads: readonly (readonly string[])[];
  ranInRound: number;
  changedInRound: number;
}

/**
 * Runs modules' functions until none has read anything that changed afterwards.
 *
 * A function that reads an option's value while modules are still collected is put aside and run again when the others
 * are known; if what it read changes through a later module, it runs once more. In nixpkgs laziness does this. What a
 * plain function cannot do is read a value that it takes part in defining, even where Nix could: that is reported as a
 * cycle, and a getter (`get tags() { … }`), which is called only when its value is asked for, avoids it.
 */
export class ModuleGraph {
  readonly #scope: ConfigScope;
  readonly #args: object;
  readonly #evaluate: (nodes: readonly ModuleNode[]) => EvaluatedRecord;
  readonly #byKey = new Map<unknown, ModuleNode>();
  #round = 0;

  constructor(scope: ConfigScope, args: object, evaluate: (nodes: readonly ModuleNode[]) => EvaluatedRecord) {
    this.#scope = scope;
    this.#args = args;
    this.#evaluate = evaluate;
  }

  /** @returns every module once, imported ones before those that import them. @throws {FleetError} @throws {FleetErrors} */
  settle(inputs: readonly ModuleInput[]): readonly ModuleNode[] {
    const roots = inputs.map((input) => this.#add(input));
    let waiting = this.#unfinished();
    while (waiting.length > 0) {
      this.#round++;
      const before = inOrder(roots);
      this.#scope.current = this.#evaluate(before);
      for (const node of waiting) this.#run(node);
      waiting = this.#stale(waiting);
    }
    throwGathered([...this.#byKey.values()].flatMap(({ failure }) => eachError(failure)));
    return inOrder(roots);
  }

  #add(input: ModuleInput): ModuleNode {
    const key = input.key ?? input.module;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const node: ModuleNode = {
      input,
      imports: [],
      output: undefined,
      before: undefined,
      failure: undefined,
      reads: [],
      ranInRound: -1,
      changedInRound: -1,
    };
    this.#byKey.set(key, node);
    this.#run(node);
    return node;
  }

  #run(node: ModuleNode): void {
    const { module, source, path } = node.input;
    const outer = this.#scope.reads;
    const reads: (readonly string[])[] = [];
    this.#scope.reads = reads;
    node.ranInRound = this.#round;
    try {
      const data: unknown = typeof module === "function" ? module(this.#args) : module;
      const output = readModuleOutput(data, source, path);
      node.before = node.output;
      node.output = output;
      node.failure = undefined;
      node.changedInRound = this.#round;
      this.#scope.reads = outer;
      node.imports = output.imports.map((imported) => this.#add(importInput(node.input, imported)));
    } catch (thrown) {
      if (!(thrown instanceof Suspension)) node.failure = failureOf(source, thrown);
    } finally {
      node.reads = reads;
      this.#scope.reads = outer;
    }
  }

  /** Modules to run next; none: the fixpoint is reached, or what is left fails for good. */
  #stale(ran: readonly ModuleNode[]): readonly ModuleNode[] {
    const all = [...this.#byKey.values()];
    for (const node of ran) {
      const own = readsItsOwnDefinition(node);
      if (own !== undefined) throw cycleAmong([node], this.#scope.prefix);
    }
    const stale = all.filter(
      (node) => node.output !== undefined && node.failure === undefined && staleReads(node, all),
    );
    // Each round settles at least one module of a chain; more rounds than modules means that they chase each other.
    if (stale.length > 0 && this.#round > all.length) throw cycleAmong(stale, this.#scope.prefix);
    const changed = all.some(({ changedInRound }) => changedInRound === this.#round);
    const failed = changed ? all.filter(({ failure }) => failure !== undefined) : [];
    return [...new Set([...this.#unfinished(), ...failed, ...stale])];
  }

  #unfinished(): readonly ModuleNode[] {
    return [...this.#byKey.values()].filter(({ output, failure }) => output === undefined && failure === undefined);
  }
}

function importInput(importer: ModuleInput, imported: unknown): ModuleInput {
  return importer.importOf?.(imported) ?? { module: imported, source: importer.source, path: importer.path };
}

function failureOf(source: DefinitionSource, thrown: unknown): FleetError | FleetErrors {
  if (thrown instanceof FleetError || thrown instanceof FleetErrors) return thrown;
  return moduleFailure(source.root, source.file, thrown, source.file);
}

function eachError(failure: FleetError | FleetErrors | undefined): readonly FleetError[] {
  if (failure === undefined) return [];
  return failure instanceof FleetError ? [failure] : failure.errors.filter((error) => error instanceof FleetError);
}

function inOrder(roots: readonly ModuleNode[]): readonly ModuleNode[] {
  const ordered = new Set<ModuleNode>();
  const entered = new Set<ModuleNode>();
  const visit = (node: ModuleNode): void => {
    if (entered.has(node)) return;
    entered.add(node);
    for (const imported of node.imports) visit(imported);
    ordered.add(node);
  };
  for (const root of roots) visit(root);
  return [...ordered];
}
