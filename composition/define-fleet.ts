import { dirname } from "node:path";
import { z } from "zod";
import { throwGathered } from "../errors.ts";
import { authorCallSite } from "./body/call-site.ts";
import { FleetDefinitionError } from "./errors.ts";
import { FlakeModule, type FlakeModuleInput } from "./flake-module.ts";
import { FleetChecks } from "./fleet-checks.ts";
import { didYouMean } from "./nearest.ts";
import { formatPath } from "./option-path.ts";
import { schemaUse } from "./schema-use.ts";
import { showValue } from "./show-value.ts";
import { SourceFile } from "./source/source-file.ts";
import { formatLocation } from "./source-location.ts";

/** A flake input, as flake.nix states it. */
export interface FleetInput {
  /** e.g. `github:NixOS/nixpkgs/nixos-unstable`. */
  readonly url: string;
  /** Inputs of the input that are ours: `{ nixpkgs: "nixpkgs" }` is `inputs.nixpkgs.follows = "nixpkgs"`. */
  readonly follows?: Readonly<Record<string, string>>;
  /** False: sources without a flake.nix. Default: true. */
  readonly flake?: boolean;
}

/** Every flake module below a folder; made by {@link importTree}. */
export class ImportTree {
  /** Relative to the fleet's root. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }
}

/** The fleet's root, the twin of a minimal flake.nix. */
export interface FleetDefinition {
  /** Lower-case letters, digits and dashes; a letter first. */
  readonly name: string;
  readonly description?: string;
  readonly inputs: Readonly<Record<string, FleetInput>>;
  /** Platforms of the flake's own outputs, e.g. `x86_64-linux`; machines state theirs in the registry. */
  readonly systems: readonly string[];
  readonly imports: readonly (ImportTree | FlakeModuleInput)[];
  /** Who makes machines of the registry: clan-core, or plain `nixosConfigurations` and `darwinConfigurations`. Default: clan. */
  readonly registry?: "clan" | "plain";
  /** Findings that the fleet allows; made by {@link defineFleet}. */
  readonly checks?: FleetChecks;
  /** `nixConfig` of flake.nix, e.g. extra substituters. Nix asks before it obeys. */
  readonly nixConfig?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}

const attributeName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, "a name of letters, digits, _ and -");

const inputSchema = z.strictObject({
  url: z
    .string()
    .regex(/^[a-z][a-z0-9+]*:\S+$|^\.{0,2}\/\S*$/, "a flake URL, e.g. github:NixOS/nixpkgs/nixos-unstable"),
  follows: z.record(attributeName, z.string()).optional(),
  flake: z.boolean().optional(),
});

const fleetSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "lower-case letters, digits and dashes, a letter first"),
  description: z.string().optional(),
  inputs: z.record(attributeName, inputSchema),
  systems: z.array(z.string().regex(/^[a-z0-9_]+-[a-z0-9]+$/, "a platform, e.g. x86_64-linux")),
  imports: z.array(z.custom(isImport, "importTree(…) or a flake module")),
  registry: z.enum(["clan", "plain"]).optional(),
  nixConfig: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).optional(),
});

function isImport(value: unknown): boolean {
  if (value instanceof ImportTree || value instanceof FlakeModule || typeof value === "function") return true;
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Imports every flake module below `dir`. @param dir - relative to the fleet's root. */
export function importTree(dir: string): ImportTree {
  return new ImportTree(dir);
}

/** A fleet that was defined, and what may be said of it afterwards. */
export interface DefinedFleet extends FleetDefinition {
  readonly checks: FleetChecks;
}

/**
 * The default export of fleet.ts.
 * @throws {FleetDefinitionError} @throws {FleetErrors} everything that is wrong with it, together.
 */
export function defineFleet(fleet: FleetDefinition): DefinedFleet {
  const site = authorCallSite();
  const source = site && new SourceFile(dirname(site.path), site.path);
  const at = (path: readonly string[]): string => {
    if (source === undefined || site === undefined) return "fleet.ts";
    return formatLocation({ file: source.file, line: source.locate(path) ?? site.line });
  };
  const parsed = fleetSchema.safeParse(fleet, schemaUse(1));
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => issueErrors(fleet, issue, at));
  throwGathered([...issues, ...(parsed.success ? followsErrors(fleet, at) : [])]);
  return { ...fleet, checks: new FleetChecks(source?.root ?? ".") };
}

type Locate = (path: readonly string[]) => string;

function issueErrors(fleet: unknown, issue: z.core.$ZodIssue, at: Locate): readonly FleetDefinitionError[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key], at));
  const found = path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), fleet);
  return [
    new FleetDefinitionError({
      summary: `fleet.ts: ${formatPath(path) || "the fleet"} is not what it must be`,
      expected: issue.message.replace(/^Invalid (?:input|option): expected /, ""),
      found: found === undefined ? "nothing" : showValue(found),
      at: at(path),
      fix: "correct it in fleet.ts",
    }),
  ];
}

const knownKeys = {
  fleet: Object.keys(fleetSchema.shape),
  input: Object.keys(inputSchema.shape),
};

function unknownKey(path: readonly string[], at: Locate): FleetDefinitionError {
  const key = path.at(-1) ?? "";
  const known = path.length === 1 ? knownKeys.fleet : knownKeys.input;
  return new FleetDefinitionError({
    summary: `fleet.ts: ${formatPath(path)}: there is no such setting`,
    expected: `one of ${known.join(", ")}`,
    found: key,
    at: at(path),
    fix: didYouMean(key, known) ?? "remove it",
  });
}

/** A follows that names no input of ours would leave the input with its own copy, and Nix says so only when locking. */
function followsErrors({ inputs }: FleetDefinition, at: Locate): readonly FleetDefinitionError[] {
  const names = Object.keys(inputs);
  return Object.entries(inputs).flatMap(([input, { follows = {} }]) =>
    Object.entries(follows)
      .filter(([, target]) => target !== "" && !names.includes(target.split("/")[0] ?? ""))
      .map(
        ([inner, target]) =>
          new FleetDefinitionError({
            summary: `fleet.ts: input ${input} lets its ${inner} follow an input that is not declared`,
            expected: `one of ${names.join(", ")}`,
            found: JSON.stringify(target),
            at: at(["inputs", input, "follows", inner]),
            fix: didYouMean(target, names) ?? `declare ${JSON.stringify(target)} under inputs, or remove the line`,
          }),
      ),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
