import { mkOption } from "./option.ts";
import { mkAfter, mkBefore, mkDefault, mkForce, mkIf, mkMerge, mkOrder, mkOverride } from "./property.ts";
import { anything, either, oneOf, uniq } from "./types/combined.ts";
import { attrsOf, lazyAttrsOf, listOf, nullOr } from "./types/containers.ts";
import { deferredModule } from "./types/deferred-module.ts";
import { bool, enumeration, int, nonEmptyStr, number, port, raw, str, strMatching } from "./types/scalars.ts";
import { submodule } from "./types/submodule.ts";

/** Types of options, named as in nixpkgs. */
export const types = {
  str,
  nonEmptyStr,
  strMatching,
  bool,
  int,
  number,
  port,
  enum: enumeration,
  raw,
  anything,
  nullOr,
  listOf,
  attrsOf,
  lazyAttrsOf,
  either,
  oneOf,
  uniq,
  submodule,
  deferredModule,
} as const;

/** What a flake module gets as `lib`: merge instructions and option declarations, with nixpkgs' names and meaning. */
export const flakeLib = {
  mkIf,
  mkMerge,
  mkOverride,
  mkDefault,
  mkForce,
  mkOrder,
  mkBefore,
  mkAfter,
  mkOption,
  types,
} as const;

export type FlakeLib = typeof flakeLib;
