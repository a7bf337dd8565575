import { z } from "zod";
import type { FleetError } from "../../errors.ts";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import { nixString } from "../../local-nix/evaluation-request.ts";
import { evaluateJson, type JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";
import { defaultWorkers, inParallel } from "../../local-nix/workers.ts";
import type { Report } from "../../report.ts";
import { nixFunction } from "./nix-expression.ts";
import { flakeFolder } from "./origin.ts";

const positions = z.record(z.string(), z.object({ file: z.string(), line: z.number() }).nullable());
const settings = z.json();
const role = z.object({
  machines: z.record(z.string(), settings),
  tags: z.record(z.string(), settings),
  settings,
});
const instance = z.object({
  module: z.object({ name: z.string(), input: z.string().nullable() }),
  roles: z.record(z.string(), role),
});
const origins = z.array(z.string().nullable());

const inventorySchema = z.object({
  configurations: z.object({ nixos: positions, darwin: positions }),
  /** Class → entry → origins of its definitions, of what they import, of what they give to homes. */
  namespaces: z.record(
    z.string(),
    z.record(z.string(), z.object({ files: origins, imports: origins, homes: z.array(z.record(z.string(), origins)) })),
  ),
  /** null: the flake does not show its registry. */
  registry: z
    .record(z.string(), z.object({ files: origins, imports: origins, hostPlatform: z.array(z.string()) }))
    .nullable(),
  /** null: no clan. */
  clan: z
    .object({
      name: z.string().nullable(),
      machines: z.record(
        z.string(),
        z.object({
          class: z.enum(["nixos", "darwin"]),
          tags: z.array(z.string()),
          description: z.string().nullable(),
          targetHost: z.string().nullable(),
          buildHost: z.string().nullable(),
        }),
      ),
      instances: z.record(z.string(), instance),
      legacy: z.array(z.object({ name: z.string(), service: z.string(), value: instance })),
      /** Files that state them, by clan's introspection; a machine or instance that is missing there is not known. */
      statedIn: z.object({ machines: z.record(z.string(), origins), instances: z.record(z.string(), origins) }),
      tags: z.record(z.string(), z.array(z.string())),
      directory: z.string(),
      checks: z.array(z.object({ id: z.string(), message: z.string(), severity: z.string() })),
      secretStore: z.string().nullable(),
    })
    .nullable(),
  exports: z.boolean(),
});

/** A flake's own words about its machines and services; module origins are as Nix has them (origin.ts reads them). */
export type FlakeInventory = z.output<typeof inventorySchema>;

export interface InventoryReading {
  readonly inventory: FlakeInventory;
  /** Machines whose registry entry cannot be evaluated. */
  readonly problems: ReadonlyMap<string, FleetError>;
}

/**
 * Reads everything that needs no machine's configuration, in one evaluation. Where a name of the registry does not exist,
 * that fails as a whole; then each machine's entry is asked for by itself.
 * @throws {NixEvaluationError} the flake itself does not evaluate. @throws {FlakeLockError}
 */
export async function readInventory(
  options: JsonEvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<InventoryReading> {
  const ask = (imports: boolean): Promise<FlakeInventory> => {
    const apply = nixFunction(
      "inventory.nix",
      `{ imports = ${imports}; root = ${nixString(flakeFolder(options.tree))}; }`,
    );
    return evaluateJson({ attribute: "", apply, what: "the inventory" }, inventorySchema, options, report, signal);
  };
  try {
    return { inventory: await ask(true), problems: new Map() };
  } catch (error) {
    if (!(error instanceof NixEvaluationError)) throw error;
    const inventory = await ask(false).catch((second: unknown) => {
      throw second instanceof NixEvaluationError ? error : second; // the first message is about the whole flake, too
    });
    return readRegistry(inventory, options, report, signal);
  }
}

async function readRegistry(
  inventory: FlakeInventory,
  options: JsonEvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<InventoryReading> {
  const registry = { ...inventory.registry };
  const problems = new Map<string, FleetError>();
  const read = async (machine: string): Promise<void> => {
    const attribute = `clan.machines.${JSON.stringify(machine)}`;
    const question = { attribute, apply: nixFunction("registry.nix"), what: "its entry in the registry", machine };
    try {
      const imports = await evaluateJson(question, origins, options, report, signal);
      registry[machine] = { files: [], hostPlatform: [], ...registry[machine], imports };
    } catch (error) {
      if (!(error instanceof NixEvaluationError)) throw error;
      problems.set(machine, error);
    }
  };
  await inParallel(Object.keys(registry), defaultWorkers(), read);
  return { inventory: { ...inventory, registry: inventory.registry === null ? null : registry }, problems };
}
