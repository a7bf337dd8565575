import { z } from "zod";
import { nearestNames } from "../composition/nearest.ts";
import { FleetError, throwGathered } from "../errors.ts";
import { type StackConfig, stackConfigSchema } from "./stack-config-schema.ts";

/** A key or value of `Pulumi.<stack>.yaml` that cannot be meant. */
export class StackConfigError extends FleetError {
  readonly code = "FLEET_STACK_CONFIG";
}

/**
 * Parses the `pulumi-clan:` part of a stack's configuration.
 * @param raw - every key of the stack as Pulumi hands it over: structured values are JSON text.
 * @param file - the stack file's name, for messages.
 * @throws {StackConfigError} gathered, one per key.
 */
export function parseStackConfig(raw: Readonly<Record<string, string>>, file: string): StackConfig {
  const own = new Map(
    Object.entries(raw)
      .filter(([key]) => key.startsWith("pulumi-clan:"))
      .map(([key, text]) => [key.slice("pulumi-clan:".length), text] as const),
  );
  const values = Object.fromEntries([...own].map(([key, text]) => [key, readValue(key, text)]));
  const result = stackConfigSchema.safeParse(values);
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => configErrors(issue, values, file));
  throwGathered(errors);
  throw new Error("unreachable: a failed parse has issues");
}

// Pulumi hands scalars over as bare text and structured values as JSON; a text key stays text even if it reads "true".
const textKeys = new Set([
  "identityFile",
  "vars",
  "systemBuilder",
  "sudoPassword",
  "proxyJump",
  "flake",
  "nixosAnywhere",
]);

function readValue(key: string, text: string): unknown {
  if (textKeys.has(key)) return text;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text; // the schema says what was expected instead
    throw error;
  }
}

function configErrors(issue: z.core.$ZodIssue, values: unknown, file: string): StackConfigError[] {
  const at = (path: readonly PropertyKey[]): string => `${file}: pulumi-clan:${path.map(String).join(".")}`;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const known = knownKeys(issue.path);
      const near = nearestNames(key, known)[0];
      return new StackConfigError({
        summary: `${at([...issue.path, key])} is not a key of the stack's configuration`,
        expected: `one of ${known.join(", ")}`,
        found: key,
        at: at([...issue.path, key]),
        fix: near === undefined ? "remove the key" : `write "${near}"`,
      });
    });
  }
  if (issue.code === "invalid_key") {
    const key = String(issue.path.at(-1));
    return [
      new StackConfigError({
        summary: `${at(issue.path)} is not to be stated here`,
        expected: expectedBy(issue.issues[0]?.message ?? issue.message),
        found: key, // not its value, which may be a secret
        at: at(issue.path),
        fix: `remove it from ${file}`,
      }),
    ];
  }
  return [
    new StackConfigError({
      summary: `${at(issue.path)} has a value that cannot be used`,
      expected: expectedBy(issue.message),
      found: JSON.stringify(valueAt(values, issue.path)) ?? "nothing",
      at: at(issue.path),
      fix: `correct it in ${file}, or: pulumi config set --path '${["pulumi-clan:", issue.path.map(String).join(".")].join("")}' …`,
    }),
  ];
}

function expectedBy(message: string): string {
  return message.replace(/^(?:Invalid (?:input|option): )?expected /, "").replace(/, received .*$/, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  const [head, ...rest] = path;
  if (head === undefined || typeof value !== "object" || value === null) return value;
  return valueAt(Object.entries(value).find(([key]) => key === String(head))?.[1], rest);
}

/** Keys of the object that lies at a path of the configuration. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const at = path.reduce<unknown>((schema, key) => childOf(unwrapped(schema), key), stackConfigSchema);
  const found = unwrapped(at);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function childOf(schema: unknown, key: PropertyKey): unknown {
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodObject ? Object.entries(schema.shape).find(([name]) => name === key)?.[1] : undefined;
}

function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional ? unwrapped(schema.unwrap()) : schema;
}
