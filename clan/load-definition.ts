import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { FleetDefinition } from "../composition/define-fleet.ts";
import { isAttributeSet } from "../composition/evaluation/definition.ts";
import { FleetChecks } from "../composition/fleet-checks.ts";
import { moduleFailure } from "../composition/module-failure.ts";
import { nearestNames } from "../composition/nearest.ts";
import { formatPath } from "../composition/option-path.ts";
import { schemaUse } from "../composition/schema-use.ts";
import { showValue } from "../composition/show-value.ts";
import { SourceFile } from "../composition/source/source-file.ts";
import { FleetError, FleetErrors, throwGathered } from "../errors.ts";
import { FleetFileError } from "./errors.ts";

const inputSchema = z.strictObject({
  url: z.string().min(1, "a flake reference, e.g. github:NixOS/nixpkgs"),
  follows: z.record(z.string(), z.string()).optional(),
  flake: z.boolean().optional(),
});

const nixOption = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

const writtenSchema = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]*$/, "letters, digits, - and _"),
  description: z.string().optional(),
  inputs: z.record(z.string(), inputSchema),
  systems: z.array(z.string()).min(1, "one system at least"),
  imports: z.array(z.unknown()),
  registry: z.enum(["clan", "plain"]).optional(),
  nixConfig: z.record(z.string(), nixOption).optional(),
});

/** defineFleet adds what is called, not written. */
const definitionSchema = writtenSchema.extend({ checks: z.instanceof(FleetChecks).optional() });

/**
 * Loads `<root>/fleet.ts`.
 * @throws {FleetFileError} gathered, one per key that is wrong.
 */
export async function loadDefinition(root: string): Promise<FleetDefinition> {
  const path = join(root, "fleet.ts");
  if (!existsSync(path)) {
    throw new FleetFileError({
      summary: `${root}: no fleet here`,
      expected: "a fleet.ts whose default export is defineFleet({ … })",
      found: "no such file",
      at: path,
      fix: "go to the fleet's folder, or name it: fleet --dir <folder> …; an existing flake: fleet --flake <ref> …",
    });
  }
  const { default: exported } = await importModule(root, path);
  if (!isAttributeSet(exported)) throw notAFleet(exported);
  const parsed = definitionSchema.safeParse(exported, schemaUse(1));
  // Parsing would copy the modules among the imports, whose identity counts; only the shape was in question.
  if (parsed.success) return exported as unknown as FleetDefinition;
  const source = new SourceFile(root, path);
  throwGathered(parsed.error.issues.flatMap((issue) => issueErrors(exported, issue, source)));
  throw new Error("unreachable: a failed parse has issues");
}

function notAFleet(exported: unknown): FleetFileError {
  return new FleetFileError({
    summary: "fleet.ts: its default export is no fleet",
    expected: "export default defineFleet({ name, inputs, systems, imports })",
    found: exported === undefined ? "no default export" : showValue(exported),
    at: "fleet.ts",
    fix: 'import { defineFleet } from "pulumi-clan/author" and export what it returns',
  });
}

function issueErrors(fleet: unknown, issue: z.core.$ZodIssue, source: SourceFile): FleetFileError[] {
  const path = issue.path.map(String);
  const at = (key: readonly string[]): string => {
    const line = source.locate(key);
    return line === undefined ? source.file : `${source.file}:${line}`;
  };
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(path[0] === "inputs" ? inputSchema.shape : writtenSchema.shape);
    return issue.keys.map((key) => {
      const [near] = nearestNames(key, known);
      return new FleetFileError({
        summary: `fleet.ts: ${formatPath([...path, key])}: there is no such key`,
        expected: `one of ${known.join(", ")}`,
        found: key,
        at: at([...path, key]),
        fix: near === undefined ? "remove the key" : `did you mean ${JSON.stringify(near)}?`,
      });
    });
  }
  const value = path.reduce<unknown>((inner, key) => (isAttributeSet(inner) ? inner[key] : undefined), fleet);
  return [
    new FleetFileError({
      summary: `fleet.ts: ${formatPath(path)} ${value === undefined ? "is missing" : "cannot be used"}`,
      expected: issue.message.replace(/^Invalid (input|option): expected /, "").replace(/, received .*$/, ""),
      found: value === undefined ? "nothing" : showValue(value),
      at: at(path),
      fix: value === undefined ? "state it" : "correct it",
    }),
  ];
}

async function importModule(root: string, path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof FleetError || error instanceof FleetErrors) throw error;
    throw moduleFailure(root, "fleet.ts", error, syntaxPlace(error));
  }
}

/** Source: Node 24, a syntax error's stack begins with `<file>:<line>` on a line of its own. */
function syntaxPlace(error: unknown): string {
  const line = error instanceof SyntaxError ? /^\S*fleet\.ts:(\d+)$/m.exec(error.stack ?? "")?.[1] : undefined;
  return line === undefined ? "fleet.ts" : `fleet.ts:${line}`;
}
