/** What files under modules/, and fleet.ts, are written with: `import { … } from "pulumi-clan/author"`. */

export type { ClanDefinition } from "./clan/authored-definition.ts";
export type { InstanceName, MachineName, RoleName, TagName } from "./clan/authored-names.ts";
export { clanFlakeModule } from "./clan/flake-module.ts";
export { type NixText, nix } from "./composition/body/nix-template.ts";
export type { BodyArguments, MachineConfig, NixSymbol } from "./composition/body/symbol.ts";
export { type NixString, text } from "./composition/body/text-template.ts";
export { file, type NixFile, nixFile, type TreePath } from "./composition/body/tree-path.ts";
export {
  type DefinedFleet,
  defineFleet,
  type FleetDefinition,
  type FleetInput,
  importTree,
} from "./composition/define-fleet.ts";
export type { EntryReference } from "./composition/entry-reference.ts";
export {
  type FlakeConfig,
  type FlakeModule,
  type FlakeModuleArgs,
  type FlakeModuleData,
  type FlakeOutputsConfig,
  flakeModule,
  type ModuleBody,
} from "./composition/flake-module.ts";
export type { EntryName, FleetNames } from "./composition/fleet-names.ts";
export type { FlakeLib } from "./composition/lib/flake-lib.ts";
export { mkOption } from "./composition/lib/option.ts";
export {
  mkAfter,
  mkBefore,
  mkDefault,
  mkForce,
  mkIf,
  mkMerge,
  mkOrder,
  mkOverride,
} from "./composition/lib/property.ts";
