import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { FleetError } from "../../errors.ts";
import { nixString, toplevelAttribute } from "../../local-nix/evaluation-request.ts";
import { evaluateJson, type JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { defaultWorkers, inParallel } from "../../local-nix/workers.ts";
import type { Report } from "../../report.ts";
import { fileIn } from "../flake/origin.ts";
import type { MachineClass } from "../fleet-model.ts";
import { type EvaluatedFacts, evaluatedFactsSchema, type MachineFacts } from "./machine-facts.ts";

export interface FactsReading {
  readonly configurations: ReadonlyMap<string, MachineFacts>;
  /** Machine → why its configuration could not be looked at. */
  readonly failures: ReadonlyMap<string, FleetError>;
}

export interface FactsOptions {
  /** How many machines at a time. Default: as memory and processors allow. */
  readonly workers?: number;
  /** Machine → derivation of its toplevel, where that is known. Default: evaluated, too. */
  readonly derivations?: ReadonlyMap<string, string> | undefined;
}

interface FactsBefore {
  readonly facts: EvaluatedFacts;
  readonly derivation: string | undefined;
}

/**
 * Looks into the configurations of machines, side by side; the same tree is answered from the cache. A machine that does
 * not evaluate keeps none of the others from an answer: nothing here is ever the reason why a deployment fails.
 * @param packages - own packages of the fleet.
 * @throws the reason of `signal`.
 */
export async function readMachineFacts(
  machines: ReadonlyMap<string, MachineClass>,
  packages: readonly string[],
  options: JsonEvaluationOptions & FactsOptions,
  report: Report,
  signal: AbortSignal,
): Promise<FactsReading> {
  const read = new Map<string, FactsBefore>();
  const failures = new Map<string, FleetError>();
  const apply = `${nixExpression()} { class = CLASS; packages = [ ${packages.map(nixString).join(" ")} ]; }`;
  const readOne = async ([machine, ofClass]: readonly [string, MachineClass]): Promise<void> => {
    const question = {
      attribute: `${ofClass}Configurations.${nixString(machine)}`,
      apply: apply.replace("CLASS", nixString(ofClass)),
      machine,
      what: "its configuration",
    };
    try {
      const facts = await evaluateJson(question, evaluatedFactsSchema, options, report, signal);
      const derivation =
        options.derivations?.get(machine) ?? (await derivationOf(machine, ofClass, options, report, signal));
      read.set(machine, { facts, derivation });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FleetError)) throw error;
      failures.set(machine, error);
    }
  };
  await inParallel([...machines], options.workers ?? defaultWorkers(), readOne);
  const sourced = read.size === 0 ? undefined : await madeWith(options.tree.path, signal);
  const configurations = [...machines.keys()].flatMap((machine) => {
    const { facts, derivation } = read.get(machine) ?? {};
    if (facts === undefined) return [];
    const sourceInClosure = derivation === undefined ? null : (sourced?.has(derivation) ?? null);
    return [[machine, { ...facts, definedIn: ownFiles(facts.definedIn, options.tree), sourceInClosure }] as const];
  });
  return { configurations: new Map(configurations), failures };
}

function ownFiles(
  definedIn: Readonly<Record<string, readonly string[]>>,
  tree: JsonEvaluationOptions["tree"],
): MachineFacts["definedIn"] {
  const own = Object.entries(definedIn).map(([option, origins]) => {
    return [option, [...new Set(origins.flatMap((origin) => fileIn(origin, tree) ?? []))]] as const;
  });
  return Object.fromEntries(own.filter(([, files]) => files.length > 0));
}

let expression: string | undefined;

function nixExpression(): string {
  expression ??= `(${readFileSync(join(import.meta.dirname, "machine-facts.nix"), "utf8")})`;
  return expression;
}

/** @returns undefined where the toplevel itself does not evaluate: whoever deploys it is told why. */
async function derivationOf(
  machine: string,
  ofClass: MachineClass,
  options: JsonEvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<string | undefined> {
  const question = {
    attribute: `${toplevelAttribute({ machine, class: ofClass })}.drvPath`,
    apply: "builtins.unsafeDiscardStringContext",
    machine,
    what: "its derivation",
  };
  try {
    return await evaluateJson(question, z.string(), options, report, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FleetError) return undefined;
    throw error;
  }
}

/**
 * Paths of the store that are made with a source tree, asked from its end when all derivations are there: one process for a
 * whole fleet and a short answer, where the inputs of a single system are a list of ten thousand paths.
 * @returns undefined where the store cannot be asked.
 */
async function madeWith(tree: string, signal: AbortSignal): Promise<ReadonlySet<string> | undefined> {
  try {
    const args = ["--query", "--referrers-closure", tree];
    const text = await runNix(args, { program: "nix-store", signal, purpose: `${tree}: what is made with it` });
    return new Set(text.split("\n"));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FleetError) return undefined;
    throw error;
  }
}
