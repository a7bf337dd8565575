import type { Definition } from "../evaluation/definition.ts";
import type { EvaluationTrace } from "../evaluation/lazy-value.ts";

/** Where a merge happens. */
export interface MergeContext {
  /** The option's path, and attributes below it. */
  readonly path: readonly string[];
  readonly trace: EvaluationTrace;
}

/** What values an option takes and how several definitions become one. Source: nixpkgs, lib/types.nix (mkOptionType). */
export interface OptionType {
  /** `attrsOf`, `str`, … */
  readonly name: string;
  /** For messages: `list of strings`. */
  readonly description: string;
  /** Shallow: elements are checked when they are merged. */
  check(value: unknown): boolean;
  /** Called with at least one definition; each passed {@link check}. */
  merge(context: MergeContext, definitions: readonly Definition[]): unknown;
  /** The type of the elements, for types that contain others. */
  readonly element?: OptionType;
  /** The value where nothing is defined and there is no default; absent: reading it is an error. */
  readonly empty?: (context: MergeContext) => unknown;
  /** The type of an option that two modules declare; undefined where the two cannot be one. */
  combine(other: OptionType): OptionType | undefined;
}
