import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { NixEvaluationError } from "../../local-nix/errors.ts";
import { evaluateJson, type JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";

const namesSchema = z.record(z.string(), z.array(z.string()));

/** Output → names below it. */
export type OutputNames = Readonly<Record<string, readonly string[]>>;

/** @returns null where an output ends in an error that Nix cannot catch: reading the flake has told what matters. */
export async function readOutputs(options: JsonEvaluationOptions, signal: AbortSignal): Promise<OutputNames | null> {
  const apply = `(${readFileSync(join(import.meta.dirname, "outputs.nix"), "utf8")})`;
  const question = { attribute: "", apply, what: "the names of its outputs" };
  try {
    return await evaluateJson(question, namesSchema, options, () => undefined, signal);
  } catch (error) {
    if (error instanceof NixEvaluationError) return null;
    throw error;
  }
}
