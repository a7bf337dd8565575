import { z } from "zod";
import { EntryReference } from "../composition/entry-reference.ts";
import { OptionUndefinedError } from "../composition/errors.ts";
import type { EvaluatedOptions, FlakeEvaluation } from "../composition/evaluate-flake.ts";
import { isAttributeSet } from "../composition/evaluation/definition.ts";
import { schemaUse } from "../composition/schema-use.ts";
import { formatLocation, type SourceLocation } from "../composition/source-location.ts";
import type { FleetError } from "../errors.ts";
import { gcpNodeSchema, type Location } from "./fleet-model.ts";
import { gathering } from "./gather.ts";

const references = z.array(z.instanceof(EntryReference));
const settings = z.record(z.string(), z.json());
const membership = z.record(z.string(), z.object({ settings }));

const registrySchema = z.object({ nixpkgs: z.object({ hostPlatform: z.string() }), imports: references });

const inventoryMachineSchema = z.object({
  description: z.string().nullable(),
  machineClass: z.enum(["nixos", "darwin"]),
  tags: z.array(z.string()),
  deploy: z.object({ targetHost: z.string().nullable(), buildHost: z.string().nullable() }),
});

const instanceSchema = z.object({
  module: z.object({
    name: z.string().nullable(),
    input: z.string().nullable(),
    imports: references,
    description: z.string().nullable(),
  }),
  roles: z.record(z.string(), z.object({ machines: membership, tags: membership, settings })),
});

const nodeSchema = gcpNodeSchema.omit({ definedAt: true }).extend({ zones: z.array(z.string()) });

export type RegisteredMachine = z.output<typeof registrySchema>;
export type InventoryMachine = z.output<typeof inventoryMachineSchema>;
export type ServiceInstance = z.output<typeof instanceSchema>;
export type NodeStatement = z.output<typeof nodeSchema>;

/** True where the instance's service is written in the fleet itself, as the document's pattern 3 has it. */
export function isInline({ module }: ServiceInstance): boolean {
  return module.imports.length > 0 || (module.description !== null && module.name === null && module.input === null);
}

/** What the flake level says of the clan, typed; the values keep their references. */
export interface ComposedClan {
  readonly registry: ReadonlyMap<string, RegisteredMachine>;
  readonly machines: ReadonlyMap<string, InventoryMachine>;
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly instances: ReadonlyMap<string, ServiceInstance>;
  readonly nodes: ReadonlyMap<string, NodeStatement>;
  /** Where an option or attribute is stated first. */
  at(...path: string[]): Location;
}

/** The checks, the graph and the emission ask again. */
const composed = new WeakMap<
  EvaluatedOptions,
  { readonly clan: ComposedClan; readonly errors: readonly FleetError[] }
>();

/**
 * Reads the options that clan/flake-module.ts declares: of an evaluation, those that TypeScript states. Each machine, instance and node is read apart, so that one that
 * is wrong hides no other.
 * @param errors - receives what is wrong.
 */
export function composedClan(evaluation: EvaluatedOptions, errors: FleetError[]): ComposedClan {
  const found = composed.get(evaluation) ?? readClan(evaluation);
  composed.set(evaluation, found);
  errors.push(...found.errors);
  return found.clan;
}

/** The clan of a fleet, in whichever language it is written. @param errors - receives what is wrong. */
export function wholeClan(evaluation: FlakeEvaluation, errors: FleetError[]): ComposedClan {
  return composedClan(evaluation.whole ?? evaluation, errors);
}

function readClan(evaluation: EvaluatedOptions): {
  readonly clan: ComposedClan;
  readonly errors: readonly FleetError[];
} {
  const errors: FleetError[] = [];
  const read = <T>(schema: z.ZodType<T>, ...path: string[]) => readEach(evaluation, schema, path, errors);
  const clan = {
    registry: read(registrySchema, "clan", "machines"),
    machines: read(inventoryMachineSchema, "clan", "inventory", "machines"),
    tags: read(z.array(z.string()), "clan", "inventory", "tags"),
    instances: read(instanceSchema, "clan", "inventory", "instances"),
    nodes: read(nodeSchema, "nodes"),
    at: (...path: string[]) => locate(evaluation, path),
  };
  return { clan, errors };
}

function readEach<T>(
  evaluation: EvaluatedOptions,
  schema: z.ZodType<T>,
  path: readonly string[],
  errors: FleetError[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  const attributes = gathering(errors, () => attributesAt(evaluation, path)) ?? {};
  const names = Object.keys(attributes);
  for (const name of names) {
    // The option types have checked the value; this gives it its static type, and reads every lazy part of it.
    const value = gathering(errors, () => {
      try {
        return schema.parse(attributes[name], schemaUse(names.length));
      } catch (error) {
        throw error instanceof OptionUndefinedError ? statedHere(error, evaluation, [...path, name]) : error;
      }
    });
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** @returns an empty set where the option is not declared, or is nothing that has attributes. */
function attributesAt(evaluation: EvaluatedOptions, path: readonly string[]): Readonly<Record<string, unknown>> {
  let value: unknown = evaluation.config;
  // One attribute at a time: reading a whole set would compute its every value.
  for (const name of path) value = isAttributeSet(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return isAttributeSet(value) ? value : {};
}

/** What lacks the value is of interest, not where the option is declared. */
function statedHere(
  error: OptionUndefinedError,
  evaluation: EvaluatedOptions,
  path: readonly string[],
): OptionUndefinedError {
  return new OptionUndefinedError({ ...error.facts, at: formatLocation(locate(evaluation, path)) }, { cause: error });
}

/** The innermost part of the path that is stated anywhere, at its first place. */
function locate(evaluation: EvaluatedOptions, path: readonly string[]): SourceLocation {
  for (let length = path.length; length > 0; length--) {
    const [first] = evaluation.definitionsOf(path.slice(0, length));
    if (first !== undefined)
      return first.line === undefined ? { file: first.file } : { file: first.file, line: first.line };
  }
  return { file: "fleet.ts" };
}
