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
import { evaluatedFactsSchema, type MachineFacts } from "./machine-facts.ts";

export interface FactsReading {
  readonly configurations: ReadonlyMap<string, MachineFacts>;
  /** Machine → why its configuration could not be looked at. */
  readonly failures: ReadonlyMap<string, FleetError>;
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
  options: JsonEvaluationOptions & { readonly workers?: number },
  report: Report,
  signal: AbortSignal,
): Promise<FactsReading> {
  const configurations = new Map<string, MachineFacts>();
  const failures = new Map<string, FleetError>();
  const apply = `${nixExpression()} { class = CLASS; packages = [ ${packages.map(nixString).join(" ")} ]; }`;
  const read = async ([machine, ofClass]: readonly [string, MachineClass]): Promise<void> => {
    const question = {
      attribute: `${ofClass}Configurations.${nixString(machine)}`,
      apply: apply.replace("CLASS", nixString(ofClass)),
      machine,
      what: "its configuration",
    };
    try {
      const facts = await evaluateJson(question, evaluatedFactsSchema, options, report, signal);
      const sourceInClosure = await refersToSource(machine, ofClass, options, report, signal);
      configurations.set(machine, { ...facts, definedIn: ownFiles(facts.definedIn, options.tree), sourceInClosure });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FleetError)) throw error;
      failures.set(machine, error);
    }
  };
  await inParallel([...machines], options.workers ?? defaultWorkers(), read);
  return { configurations: inOrderOf(machines, configurations), failures };
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

/** @returns null where the toplevel itself does not evaluate: whoever deploys it is told why. */
async function refersToSource(
  machine: string,
  ofClass: MachineClass,
  options: JsonEvaluationOptions,
  report: Report,
  signal: AbortSignal,
): Promise<boolean | null> {
  const question = {
    attribute: `${toplevelAttribute({ machine, class: ofClass })}.drvPath`,
    apply: "builtins.unsafeDiscardStringContext",
    machine,
    what: "its derivation",
  };
  try {
    const derivation = await evaluateJson(question, z.string(), options, report, signal);
    const requisites = await runNix(["path-info", "--recursive", derivation], {
      signal,
      purpose: `${machine}: list inputs`,
    });
    return requisites.split("\n").includes(options.tree.path);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FleetError) return null;
    throw error;
  }
}

function inOrderOf<T>(names: ReadonlyMap<string, unknown>, values: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map(
    [...names.keys()].flatMap((name) => {
      const value = values.get(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
