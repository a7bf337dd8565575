import { nix } from "../../composition/body/nix-template.ts";
import { emitComposition } from "../../composition/emission/emit-composition.ts";
import type { FleetAdditions } from "../../composition/emission/emit-flake.ts";
import type { EmittedFiles } from "../../composition/emission/generated-file.ts";
import type { FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import { type FleetError, throwGathered } from "../../errors.ts";
import { type ComposedClan, composedClan } from "../composed-clan.ts";
import { emitInventory } from "./emit-inventory.ts";
import { emitPlainRegistry, emitRegistry } from "./emit-registry.ts";
import { emitServices } from "./emit-services.ts";

export { checkEmission, writeEmission } from "./write-emission.ts";

/**
 * The whole emitted flake: what the composition is, and the clan's part of it, or with `registry: "plain"` the systems
 * themselves. The same tree gives the same bytes.
 * @throws {FleetError} @throws {FleetErrors}
 */
export function emitFleet(evaluation: FlakeEvaluation): EmittedFiles {
  return new Map([...emitComposition(evaluation, additionsFor(evaluation)), ...emitClan(evaluation)]);
}

/** `nix/registry.nix`, `nix/inventory.nix`, `nix/services.nix`; nothing for a fleet without clan's options. */
export function emitClan(evaluation: FlakeEvaluation): EmittedFiles {
  if (!hasClan(evaluation)) return new Map();
  const clan = readClan(evaluation);
  if (isPlain(evaluation)) return new Map([["nix/registry.nix", emitPlainRegistry(evaluation, clan)]]);
  return new Map([
    ["nix/registry.nix", emitRegistry(evaluation, clan)],
    ["nix/inventory.nix", emitInventory(evaluation, clan)],
    ["nix/services.nix", emitServices(evaluation, clan)],
  ]);
}

function additionsFor(evaluation: FlakeEvaluation): FleetAdditions {
  const none = { inputs: [], flakeModules: [], attributes: {} };
  if (!hasClan(evaluation)) return { ...none, files: [] };
  if (isPlain(evaluation)) return { ...none, files: ["registry.nix"] };
  return {
    inputs: ["clan-core"],
    flakeModules: [nix`inputs.clan-core.flakeModules.default`],
    files: ["services.nix", "registry.nix", "inventory.nix"],
    // clan-core hands over `self` and `clan-core` only, and imports cannot take `inputs` from _module.args.
    attributes: { clan: { specialArgs: nix`{ inherit inputs; }` } },
  };
}

function readClan(evaluation: FlakeEvaluation): ComposedClan {
  const errors: FleetError[] = [];
  const clan = composedClan(evaluation, errors);
  throwGathered(errors);
  return clan;
}

function hasClan({ config }: FlakeEvaluation): boolean {
  return Object.hasOwn(config, "clan");
}

function isPlain({ definition }: FlakeEvaluation): boolean {
  return definition.registry === "plain";
}
