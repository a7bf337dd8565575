import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import { nixString } from "../../local-nix/evaluation-request.ts";
import { evaluateJson, type JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";
import type { FleetModel } from "../fleet-model.ts";
import type { ServiceFacts } from "./context.ts";

const settingsSchema = z.record(z.string(), z.record(z.string(), z.array(z.string()).nullable()));

/** The input that has clan-core's own services, where an instance names none. */
const clanCore = "clan-core";

/**
 * What is known of the services of an adopted flake's instances: the settings that their roles take.
 * @returns nothing where clan-core shows no schemas (before 2025-08), or where they do not evaluate.
 */
export async function readServiceSettings(
  { instances }: FleetModel,
  options: JsonEvaluationOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ServiceFacts>> {
  // Where no role has settings, none can be unknown, and nothing is evaluated.
  const set = Object.entries(instances).filter(([, { roles }]) =>
    Object.values(roles).some(({ settings }) => Object.keys(settings).length > 0),
  );
  if (set.length === 0) return new Map();
  const services = new Map(set.map(([, { module }]) => [keyOf(module), module]));
  const wanted = [...services.values()].map(
    ({ input, name }) => `{ input = ${nixString(input ?? clanCore)}; name = ${nixString(name)}; }`,
  );
  const expression = readFileSync(join(import.meta.dirname, "service-settings.nix"), "utf8");
  const question = {
    attribute: "clanInternals.inventoryClass.moduleSchemas",
    apply: `(${expression}) { wanted = [ ${wanted.join(" ")} ]; }`,
    what: "what its services take",
  };
  try {
    const answer = await evaluateJson(question, settingsSchema, options, () => undefined, signal);
    return new Map(set.map(([instance, { module }]) => [instance, factsOf(answer[keyOf(module)] ?? {})]));
  } catch (error) {
    if (error instanceof NixEvaluationError) return new Map();
    throw error;
  }
}

function keyOf({ input, name }: FleetModel["instances"][string]["module"]): string {
  return `${input ?? clanCore}/${name}`;
}

function factsOf(roles: Readonly<Record<string, readonly string[] | null>>): ServiceFacts {
  const settings = Object.entries(roles).flatMap(([role, names]) =>
    names === null ? [] : [[role, new Set(names)] as const],
  );
  return { imports: [], classes: new Set(), settings: new Map(settings) };
}
