import { FleetError, FleetErrors } from "../../errors.ts";
import { OptionCycleError, OptionUndefinedError } from "../errors.ts";
import { moduleFailure } from "../module-failure.ts";
import { formatPath } from "../option-path.ts";
import { formatLocation } from "../source-location.ts";
import type { Definition } from "./definition.ts";

/** What the values of one evaluation share. */
export class EvaluationTrace {
  readonly root: string;
  /** Values being computed, the outermost first. */
  readonly running: LazyValue[] = [];

  constructor(root: string) {
    this.root = root;
  }
}

type State =
  | { readonly kind: "waiting"; readonly compute: () => unknown }
  | { readonly kind: "running" }
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: FleetError | FleetErrors };

/** A value computed when first asked for, once; asking for it while it is computed is a cycle. */
export class LazyValue {
  readonly path: readonly string[];
  readonly #trace: EvaluationTrace;
  readonly #definitions: () => readonly Definition[];
  #state: State;

  constructor(
    trace: EvaluationTrace,
    path: readonly string[],
    definitions: () => readonly Definition[],
    compute: () => unknown,
  ) {
    this.#trace = trace;
    this.path = path;
    this.#definitions = definitions;
    this.#state = { kind: "waiting", compute };
  }

  /** @throws {OptionCycleError} and whatever computing the value throws, the same again each time. */
  force(): unknown {
    const state = this.#state;
    if (state.kind === "done") return state.value;
    if (state.kind === "failed") throw state.error;
    if (state.kind === "running") throw cycleError(this.#trace, this);
    return this.#compute(state.compute);
  }

  /** Where the value is defined, one `file:line` each. */
  places(): readonly string[] {
    return [...new Set(this.#definitions().map((definition) => formatLocation(definition.at)))];
  }

  #compute(compute: () => unknown): unknown {
    this.#state = { kind: "running" };
    this.#trace.running.push(this);
    try {
      const value = compute();
      this.#state = { kind: "done", value };
      return value;
    } catch (thrown) {
      const error = thrown instanceof FleetError || thrown instanceof FleetErrors ? thrown : this.#failure(thrown);
      this.#state = { kind: "failed", error };
      throw error;
    } finally {
      this.#trace.running.pop();
    }
  }

  #failure(thrown: unknown): FleetError {
    const place = this.places()[0];
    return moduleFailure(this.#trace.root, formatPath(this.path), thrown, place);
  }
}

function cycleError(trace: EvaluationTrace, again: LazyValue): OptionCycleError {
  const cycle = [...trace.running.slice(trace.running.indexOf(again)), again];
  const steps = cycle.map(({ path }) => formatPath(path));
  const places = [...new Set(cycle.flatMap((value) => value.places()))];
  return new OptionCycleError({
    summary: `${steps[0]}: the value depends on itself`,
    expected: "a value that can be computed without asking for itself",
    found: steps.filter((step, index) => step !== steps[index - 1] || index === steps.length - 1).join(" → "),
    at: places.join("\n") || "(unknown file)",
    fix: "break the circle: let one of these definitions read something else",
  });
}

/** Objects and lists that an evaluation made: their attributes are values of options, not an author's own data. */
const containers = new WeakSet<object>();

/** An object whose attributes are computed when read. */
export function lazyRecord(values: ReadonlyMap<string, LazyValue>): Readonly<Record<string, unknown>> {
  const record: Record<string, unknown> = {};
  for (const [key, value] of values) {
    Object.defineProperty(record, key, { get: () => value.force(), enumerable: true, configurable: true });
  }
  containers.add(record);
  return record;
}

/** Marks a list made by a merge. */
export function evaluatedList(list: readonly unknown[]): readonly unknown[] {
  containers.add(list);
  return list;
}

export function isEvaluated(value: unknown): value is Readonly<Record<string, unknown>> | readonly unknown[] {
  return typeof value === "object" && value !== null && containers.has(value);
}

/**
 * Computes everything below `value` and gathers what goes wrong. Options that have no value are passed over: they are
 * an error only for those who read them.
 */
export function forceAll(value: unknown, errors: Set<FleetError>): void {
  if (!isEvaluated(value)) return;
  for (const key of Object.keys(value)) {
    try {
      // Own enumerable keys of a record or a list.
      forceAll((value as Readonly<Record<string, unknown>>)[key], errors);
    } catch (error) {
      gather(error, errors);
    }
  }
}

function gather(error: unknown, errors: Set<FleetError>): void {
  if (error instanceof FleetErrors) for (const one of error.errors) gather(one, errors);
  else if (!(error instanceof FleetError)) throw error;
  else if (!(error instanceof OptionUndefinedError)) errors.add(error);
}
