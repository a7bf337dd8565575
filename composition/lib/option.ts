import { authorCallSite, type CallSite } from "../body/call-site.ts";
import type { OptionType } from "./option-type.ts";

/** What a declaration may state. Source: nixpkgs, lib/options.nix (mkOption). */
export interface OptionSpec {
  readonly type: OptionType;
  /** Holds at priority 1500 where nothing is defined. */
  readonly default?: unknown;
  readonly description?: string;
  readonly example?: unknown;
  /** Turns the merged value into what readers see. */
  readonly apply?: (value: never) => unknown;
  /** At most one definition, the default included. */
  readonly readOnly?: boolean;
  /** Kept out of generated documentation. */
  readonly internal?: boolean;
}

/** A declared option; made by {@link mkOption}. */
export class Option {
  readonly spec: OptionSpec;
  readonly declaredAt: CallSite | undefined;

  constructor(spec: OptionSpec) {
    this.spec = spec;
    this.declaredAt = authorCallSite();
  }
}

/** Declares an option; stands in a module's `options`. */
export function mkOption(spec: OptionSpec): Option {
  return new Option(spec);
}
