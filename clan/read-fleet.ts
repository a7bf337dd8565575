import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { checkClasses } from "../composition/body/class-check.ts";
import type { FleetDefinition } from "../composition/define-fleet.ts";
import { evaluateFlake, type FlakeEvaluation } from "../composition/evaluate-flake.ts";
import { isAttributeSet } from "../composition/evaluation/definition.ts";
import { moduleFailure } from "../composition/module-failure.ts";
import { showValue } from "../composition/show-value.ts";
import { FleetError, FleetErrors, throwGathered } from "../errors.ts";
import { buildModel } from "./build-model.ts";
import { checkInventory } from "./check-inventory.ts";
import { checkRegistry } from "./check-registry.ts";
import { composedClan } from "./composed-clan.ts";
import { FleetFileError } from "./errors.ts";
import type { FleetModel } from "./fleet-model.ts";
import { listVars } from "./vars/vars-on-disk.ts";

/** A fleet that was read, resolved and checked. */
export interface Fleet {
  readonly model: FleetModel;
  /** What the emission is made from. */
  readonly evaluation: FlakeEvaluation;
}

const definitionSchema = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]*$/, "a name of letters, digits, - and _"),
  description: z.string().optional(),
  inputs: z.record(
    z.string(),
    z.strictObject({
      url: z.string().min(1),
      follows: z.record(z.string(), z.string()).optional(),
      flake: z.boolean().optional(),
    }),
  ),
  systems: z.array(z.string()).min(1, "one system at least"),
  imports: z.array(z.unknown()),
  registry: z.enum(["clan", "plain"]).optional(),
  nixConfig: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).optional(),
});

/**
 * Reads the fleet of `<root>/fleet.ts`: composes its modules, resolves tags to members, checks that registry, inventory
 * and namespaces agree. Nothing is built and no host is contacted.
 * @throws {FleetError} or {FleetErrors}: everything that is wrong, together, each with file and line.
 */
export async function readFleet(root: string): Promise<Fleet> {
  const folder = resolve(root);
  const evaluation = await evaluateFlake(folder, await loadDefinition(folder), []);
  const errors: FleetError[] = [];
  const clan = composedClan(evaluation, errors);
  throwGathered(errors);
  throwGathered([
    ...(evaluation.definition.registry === "plain" ? [] : checkRegistry(clan)),
    ...checkInventory(clan, Object.keys(evaluation.definition.inputs)),
    ...checkClasses(evaluation),
  ]);
  return { model: buildModel(evaluation, clan, await listVars(folder)), evaluation };
}

async function loadDefinition(root: string): Promise<FleetDefinition> {
  const path = join(root, "fleet.ts");
  if (!existsSync(path)) {
    throw new FleetFileError({
      summary: `${root}: no fleet here`,
      expected: "a fleet.ts whose default export is defineFleet({ … })",
      found: "no such file",
      at: path,
      fix: "go to the fleet's folder, or name it: fleet --dir <folder> …",
    });
  }
  const { default: exported } = await importModule(root, path);
  const parsed = definitionSchema.safeParse(exported);
  // Parsing would copy the modules among the imports; only their presence was in question.
  if (parsed.success) return exported as FleetDefinition;
  throwGathered(parsed.error.issues.map((issue) => definitionError(exported, issue)));
  throw new Error("unreachable: a failed parse has issues");
}

function definitionError(exported: unknown, issue: z.core.$ZodIssue): FleetFileError {
  const key = issue.path.map(String).join(".");
  const whole = key === "" && issue.code !== "unrecognized_keys";
  return new FleetFileError({
    summary: whole
      ? "fleet.ts: its default export is no fleet"
      : `fleet.ts: ${key === "" ? "the fleet" : key} cannot be used`,
    expected: whole
      ? "export default defineFleet({ name, inputs, systems, imports })"
      : issue.message.replace(/^Invalid input: expected /, "").replace(/, received .*$/, ""),
    found: exported === undefined ? "no default export" : showValue(valueAt(exported, issue.path)),
    at: "fleet.ts",
    fix: whole
      ? 'import { defineFleet } from "pulumi-clan/author" and export what it returns'
      : "correct it in fleet.ts",
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (isAttributeSet(inner) ? inner[String(key)] : undefined), value);
}

async function importModule(root: string, path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof FleetError || error instanceof FleetErrors) throw error;
    throw moduleFailure(root, "fleet.ts", error, "fleet.ts");
  }
}
