import { resolve } from "node:path";
import { checkClasses } from "../composition/body/class-check.ts";
import { evaluateFlake, type FlakeEvaluation } from "../composition/evaluate-flake.ts";
import type { NixModuleReader, NixModules } from "../composition/nix-entries.ts";
import { type FleetError, throwGathered } from "../errors.ts";
import { buildModel } from "./build-model.ts";
import { checkInventory } from "./check-inventory.ts";
import { checkRegistry } from "./check-registry.ts";
import { wholeClan } from "./composed-clan.ts";
import type { AdoptedFleet } from "./flake/adopt-flake.ts";
import type { FleetModel } from "./fleet-model.ts";
import { loadDefinition } from "./load-definition.ts";
import { listVars } from "./vars/vars-on-disk.ts";

/** A fleet: written here in TypeScript, or a flake that is there already. */
export type Fleet = AuthoredFleet | AdoptedFleet;

/** A fleet that was read, resolved and checked. */
export interface AuthoredFleet {
  readonly kind: "authored";
  readonly model: FleetModel;
  /** What the emission is made from. */
  readonly evaluation: FlakeEvaluation;
}

/**
 * Reads the fleet of `<root>/fleet.ts`: composes its modules, resolves tags to members, checks that registry, inventory
 * and namespaces agree. Nothing is built and no host is contacted.
 * @throws {FleetError} or {FleetErrors}: everything that is wrong, together, each with file and line.
 */
export async function readFleet(root: string): Promise<AuthoredFleet> {
  const folder = resolve(root);
  const evaluation = await evaluateFlake(folder, await loadDefinition(folder), [], readNix);
  const errors: FleetError[] = [];
  const clan = wholeClan(evaluation, errors);
  throwGathered(errors);
  throwGathered([
    ...checkRegistry(clan, evaluation.definition.registry ?? "clan"),
    ...checkInventory(clan, Object.keys(evaluation.definition.inputs)),
    ...checkClasses(evaluation),
  ]);
  return { kind: "authored", model: buildModel(evaluation, clan, await listVars(folder)), evaluation };
}

/** Most fleets have no module in Nix, and the code that asks Nix takes its time to load. */
async function readNix(...[root, files, known]: Parameters<NixModuleReader>): Promise<NixModules> {
  const { readNixModules } = await import("./flake/read-nix-modules.ts");
  return readNixModules(root, files, known, AbortSignal.timeout(60_000));
}
