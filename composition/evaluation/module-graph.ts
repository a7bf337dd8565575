import { FleetError, FleetErrors, throwGathered } from "../../errors.ts";
import { moduleFailure } from "../module-failure.ts";
import type { ConfigScope, EvaluatedRecord, Read } from "./config-scope.ts";
import type { DefinitionSource } from "./definition.ts";
import { cycleError, findCycle, provenCycle, rootFailures, type Step, unsteadyError } from "./module-cycles.ts";
import { type ModuleOutput, readModuleOutput } from "./module-output.ts";
import { isUnknown } from "./unknown-value.ts";

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
  /** What the last run said. */
  output: ModuleOutput | undefined;
  /** The last run was given stand-ins: what it declares is right, what it defines perhaps not. */
  provisional: boolean;
  failure: FleetError | FleetErrors | undefined;
  /** What the last run learned from `config`. */
  reads: readonly Read[];
}

/**
 * Runs modules' functions until none has read anything that came out differently afterwards.
 *
 * In Nix laziness lets a module read `config` while it helps to define it. A JavaScript function runs at once, so one
 * that reads values is run first with stand-ins, which shows its options and imports, and then again with the values
 * that its siblings give, until what it read stays as it was. Values that really depend on themselves are an error.
 */
export class ModuleGraph {
  readonly #scope: ConfigScope;
  readonly #args: object;
  readonly #evaluate: (nodes: readonly ModuleNode[]) => EvaluatedRecord;
  readonly #byKey = new Map<unknown, ModuleNode>();

  constructor(scope: ConfigScope, args: object, evaluate: (nodes: readonly ModuleNode[]) => EvaluatedRecord) {
    this.#scope = scope;
    this.#args = args;
    this.#evaluate = evaluate;
  }

  /** @returns every module once, imported ones before those that import them. @throws {FleetError} @throws {FleetErrors} */
  settle(inputs: readonly ModuleInput[]): readonly ModuleNode[] {
    const roots = inputs.map((input) => this.#add(input));
    let waiting = inOrder(roots).filter(({ provisional }) => provisional);
    for (let round = 1; waiting.length > 0; round++) {
      this.#scope.current = this.#evaluate(inOrder(roots));
      for (const node of waiting) this.#run(node);
      const nodes = inOrder(roots);
      this.#scope.current = this.#evaluate(nodes);
      const stale = nodes.filter((node) => node.failure === undefined && !this.#holds(node));
      // Each round settles at least one module of a chain; more rounds than readers means that they chase each other.
      const readers = nodes.filter(({ reads }) => reads.length > 0).length;
      if (stale.length > 0 && round > readers) throw this.#neverSettles(nodes, stale);
      // What failed may succeed with what others said in this round.
      const advanced = waiting.some(({ failure }) => failure === undefined) && round <= readers;
      const failed = advanced ? nodes.filter(({ failure }) => failure !== undefined) : [];
      waiting = [...failed, ...stale];
    }
    const nodes = inOrder(roots);
    throwGathered(rootFailures(nodes, this.#scope.prefix));
    const cycle = this.#provenCycle(nodes);
    if (cycle !== undefined) throw cycleError(cycle, this.#scope.prefix);
    return nodes;
  }

  #add(input: ModuleInput): ModuleNode {
    const key = input.key ?? input.module;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const node: ModuleNode = {
      input,
      imports: [],
      output: undefined,
      provisional: false,
      failure: undefined,
      reads: [],
    };
    this.#byKey.set(key, node);
    this.#run(node);
    return node;
  }

  #holds(node: ModuleNode): boolean {
    return !node.provisional && node.reads.every((read) => this.#scope.stillHolds(read));
  }

  #run(node: ModuleNode): void {
    try {
      const { output, reads, provisional } = this.#call(node, node, (noted) => {
        node.reads = noted;
      });
      node.output = output;
      node.reads = reads;
      node.provisional = provisional;
      node.failure = undefined;
      const imported = output.imports.filter((member) => !isUnknown(member));
      node.imports = imported.map((member) => this.#add(importInput(node.input, member)));
    } catch (thrown) {
      node.provisional = this.#scope.gaveUnknown;
      // With stand-ins anything may fail; the next run tells.
      if (!node.provisional) node.failure = failureOf(node.input.source, thrown);
    }
  }

  #call(
    node: ModuleNode,
    run: ModuleNode | undefined,
    began: (reads: readonly Read[]) => void,
  ): { readonly output: ModuleOutput; readonly reads: readonly Read[]; readonly provisional: boolean } {
    const { module, source, path } = node.input;
    const scope = this.#scope;
    const outer = scope.reads;
    const reads: Read[] = [];
    began(reads);
    scope.reads = reads;
    scope.gaveUnknown = false;
    const call = typeof module === "function" ? (): unknown => module(this.#args) : undefined;
    scope.startRun(run, run && call && { file: source.file, repeat: () => this.#repeat(call) });
    try {
      const data = call === undefined ? module : call();
      return { output: readModuleOutput(data, source, path), reads, provisional: scope.gaveUnknown };
    } finally {
      scope.endCall();
      scope.reads = outer;
    }
  }

  #repeat(call: () => unknown): void {
    this.#scope.unnoticed(() => {
      try {
        call();
      } catch {
        // It did so when it ran the first time, and that is what is being reported.
      }
    });
  }

  #neverSettles(nodes: readonly ModuleNode[], stale: readonly ModuleNode[]): FleetError {
    const cycle = this.#provenCycle(nodes) ?? findCycle(nodes);
    return cycle === undefined ? unsteadyError(stale) : cycleError(cycle, this.#scope.prefix);
  }

  #provenCycle(nodes: readonly ModuleNode[]): readonly Step[] | undefined {
    return provenCycle(nodes, (node, unknown) => this.#rerunWithout(node, unknown));
  }

  /** What the module says when the reads are unknown; undefined: it fails then. */
  #rerunWithout(node: ModuleNode, blocked: readonly Read[]): ModuleOutput | undefined {
    this.#scope.blocked = blocked;
    try {
      return this.#call(node, undefined, () => undefined).output;
    } catch (thrown) {
      if (thrown instanceof Error) return undefined;
      throw thrown;
    } finally {
      this.#scope.blocked = [];
    }
  }
}

function importInput(importer: ModuleInput, imported: unknown): ModuleInput {
  return importer.importOf?.(imported) ?? { module: imported, source: importer.source, path: importer.path };
}

function failureOf(source: DefinitionSource, thrown: unknown): FleetError | FleetErrors {
  if (thrown instanceof FleetError || thrown instanceof FleetErrors) return thrown;
  return moduleFailure(source.root, source.file, thrown, source.file);
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
