import type { Definition } from "../../evaluation/definition.ts";
import type { OptionType } from "../option-type.ts";

/** Modules that are collected and never looked into: their definitions in the order of their files. */
export class DeferredModule {
  readonly definitions: readonly Definition[];

  constructor(definitions: readonly Definition[]) {
    this.definitions = definitions;
  }
}

/** Source: nixpkgs, lib/types.nix (deferredModule): definitions are concatenated, nothing is evaluated. */
export const deferredModule: OptionType = {
  name: "deferredModule",
  description: "module (data, a function, a nix template, a Nix file by nixFile(…), or a reference)",
  check: (value) =>
    typeof value === "function" || (typeof value === "object" && value !== null && !Array.isArray(value)),
  merge: (_context, definitions) => new DeferredModule(definitions),
  combine: (other) => (other.name === "deferredModule" ? deferredModule : undefined),
};
