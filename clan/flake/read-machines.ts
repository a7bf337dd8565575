import { z } from "zod";
import type { FleetError } from "../../errors.ts";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import { nixString } from "../../local-nix/evaluation-request.ts";
import { evaluateJson, type JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";
import { defaultWorkers, inParallel } from "../../local-nix/workers.ts";
import type { Report } from "../../report.ts";
import type { MachineClass } from "../fleet-model.ts";
import { nixFunction } from "./nix-expression.ts";
import { flakeFolder } from "./origin.ts";

/** A module of the flake's own tree, or an entry, and what it imports; those of inputs are left out. */
export interface ImportNode {
  /** Its `_file`, as Nix has it. */
  readonly file: string;
  readonly imports: readonly ImportNode[];
}

const importNode: z.ZodType<ImportNode> = z.object({
  file: z.string(),
  get imports() {
    return z.array(importNode);
  },
});

const generatorSchema = z.object({
  share: z.boolean(),
  files: z.record(
    z.string(),
    z.object({
      secret: z.boolean().nullable(),
      deploy: z.boolean().nullable(),
      owner: z.string().nullable(),
      group: z.string().nullable(),
      mode: z.string().nullable(),
      neededFor: z.string().nullable(),
    }),
  ),
});

const machineSchema = z.object({
  system: z.string().nullable(),
  targetHost: z.string().nullable(),
  buildHost: z.string().nullable(),
  requireExplicitUpdate: z.boolean(),
  users: z.array(z.string()),
  homes: z.array(z.string()),
  homeImports: z.array(z.record(z.string(), z.array(z.string().nullable()))),
  generators: z.record(z.string(), generatorSchema),
  secretStore: z.string().nullable(),
  graph: z.array(importNode).nullable(),
  homeGraphs: z.array(importNode).nullable(),
});

/** What a machine's configuration says of itself. */
export type MachineReading = z.output<typeof machineSchema>;

const partialSchema = machineSchema.partial();
type PartialReading = z.output<typeof partialSchema>;

/**
 * Answers that fail together: a user that does not evaluate says nothing of what the machine imports. Where it cannot be told
 * what a machine imports, nothing else can be told of it.
 */
const parts: readonly (readonly (keyof MachineReading)[])[] = [
  ["graph"],
  ["system", "targetHost", "buildHost", "requireExplicitUpdate", "secretStore"],
  ["homes", "homeImports"],
  ["homeGraphs"],
  ["users"],
  ["generators"],
];

const nothing: MachineReading = {
  system: null,
  targetHost: null,
  buildHost: null,
  requireExplicitUpdate: false,
  users: [],
  homes: [],
  homeImports: [],
  generators: {},
  secretStore: null,
  graph: null,
  homeGraphs: null,
};

export interface MachineReadings {
  /** Of a machine that does not evaluate whole: what could be told of it. */
  readonly machines: ReadonlyMap<string, MachineReading>;
  /** Machines whose configuration does not evaluate. */
  readonly problems: ReadonlyMap<string, FleetError>;
}

/** Reads configurations side by side; one that does not evaluate keeps none of the others from an answer. */
export async function readMachines(
  machines: ReadonlyMap<string, MachineClass>,
  options: JsonEvaluationOptions & { readonly workers?: number },
  report: Report,
  signal: AbortSignal,
): Promise<MachineReadings> {
  const found = new Map<string, MachineReading>();
  const problems = new Map<string, FleetError>();
  const read = async ([machine, ofClass]: readonly [string, MachineClass]): Promise<void> => {
    const ask = (answers: readonly (keyof MachineReading)[]): Promise<PartialReading | NixEvaluationError> =>
      askMachine(machine, ofClass, answers, options, report, signal);
    const whole = await ask(parts.flat());
    if (!(whole instanceof NixEvaluationError)) {
      found.set(machine, Object.assign({}, nothing, whole));
      return;
    }
    problems.set(machine, whole);
    let known = nothing;
    for (const answers of parts) {
      const part = await ask(answers);
      if (!(part instanceof NixEvaluationError)) known = Object.assign({}, known, part);
      else if (answers.includes("graph")) break;
    }
    found.set(machine, known);
  };
  await inParallel([...machines], options.workers ?? defaultWorkers(), read);
  return { machines: found, problems };
}

async function askMachine(
  machine: string,
  ofClass: MachineClass,
  answers: readonly (keyof MachineReading)[],
  options: JsonEvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<PartialReading | NixEvaluationError> {
  const root = nixString(flakeFolder(options.tree));
  const names = `[ ${answers.map(nixString).join(" ")} ]`;
  const question = {
    attribute: `${ofClass}Configurations.${nixString(machine)}`,
    apply: nixFunction("machine.nix", `{ root = ${root}; class = ${nixString(ofClass)}; answers = ${names}; }`),
    machine,
    what: "its configuration",
  };
  try {
    return await evaluateJson(question, partialSchema, options, report, signal);
  } catch (error) {
    if (error instanceof NixEvaluationError) return error;
    throw error;
  }
}
