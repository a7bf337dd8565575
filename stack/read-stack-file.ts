import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { parseStackConfig, StackConfigError } from "../clan/stack-config.ts";
import type { Stack } from "./stack.ts";

/** A stack as its files state it, read without Pulumi. */
export interface StackOnDisk extends Stack {
  /** Paths of our keys whose values only Pulumi can decrypt; they are left out of `config`. */
  readonly secretKeys: readonly string[];
  /** The keys that could be read, as Pulumi hands them to a program. */
  readonly raw: Readonly<Record<string, string>>;
}

const projectSchema = z.looseObject({
  name: z.string().min(1),
  stackConfigDir: z.string().optional(),
  config: z.record(z.string(), z.unknown()).nullish(),
});
const stackSchema = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() }).nullable();

/**
 * Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` as Pulumi does, so that the same stack means the same machines.
 * @param name - default: the only stack that has a file, else `local`.
 * @param file - another file than `Pulumi.<stack>.yaml`, relative to the working directory.
 * @throws {StackConfigError}
 * Source: pulumi 3.250, sdk/go/common/workspace/project.go, `ProjectConfigType` and `ProjectStack`.
 */
export async function readStackFile(
  root: string,
  { name: given, file: givenFile }: { name?: string | undefined; file?: string | undefined },
): Promise<StackOnDisk> {
  const project = await readYaml(path.join(root, "Pulumi.yaml"), "Pulumi.yaml", projectSchema, "the project's file");
  const folder = path.resolve(root, project.stackConfigDir ?? ".");
  const name = given ?? onlyOf(await stacksIn(folder)) ?? "local";
  const file = givenFile === undefined ? path.join(folder, `Pulumi.${name}.yaml`) : path.resolve(givenFile);
  const shown = givenFile ?? path.relative(root, file);
  const stack = await readYaml(file, shown, stackSchema, `stack ${name} is not configured here`);
  const defaults = Object.entries(project.config ?? {}).map(
    ([key, value]) => [key.includes(":") ? key : `${project.name}:${key}`, defaultOf(value)] as const,
  );
  const entries = [...defaults, ...Object.entries(stack?.config ?? {})].filter(([, value]) => value !== undefined);
  const secretKeys: string[] = [];
  const raw = new Map<string, string>();
  for (const [key, value] of entries) {
    const plain = withoutSecrets(value, key, key.startsWith("pulumi-clan:") ? secretKeys : []);
    if (plain !== undefined) raw.set(key, asText(plain));
  }
  const texts = Object.fromEntries(raw);
  return { project: project.name, name, file: shown, config: parseStackConfig(texts, shown), secretKeys, raw: texts };
}

/** The stack with what Pulumi decrypted. @param decrypted - every key as Pulumi hands it to a program. @throws {StackConfigError} */
export function withDecrypted(stack: StackOnDisk, decrypted: Readonly<Record<string, string>>): StackOnDisk {
  const raw = { ...stack.raw, ...decrypted };
  return { ...stack, config: parseStackConfig(raw, stack.file), secretKeys: [], raw };
}

/** The stacks of a project that have a file, by name. @throws {StackConfigError} */
export async function stackNames(root: string): Promise<readonly string[]> {
  const project = await readYaml(path.join(root, "Pulumi.yaml"), "Pulumi.yaml", projectSchema, "the project's file");
  return stacksIn(path.resolve(root, project.stackConfigDir ?? "."));
}

async function stacksIn(folder: string): Promise<readonly string[]> {
  const files = await Array.fromAsync(glob("Pulumi.*.yaml", { cwd: folder }));
  return files.flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []).toSorted();
}

/** The single stack of a project needs not be named. */
function onlyOf([first, ...others]: readonly string[]): string | undefined {
  return others.length === 0 ? first : undefined;
}

/** A key of Pulumi.yaml is a value, or says `value` or `default` beside its type. */
function defaultOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if ("value" in value) return value.value;
  return "default" in value ? value.default : undefined;
}

/** `{ secure: <ciphertext> }` stands for a value, at any depth. */
function withoutSecrets(value: unknown, at: string, secretKeys: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(item, `${at}[${index}]`, secretKeys));
  if (typeof value !== "object" || value === null) return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "secure") {
    secretKeys.push(at);
    return undefined;
  }
  const entries = Object.entries(value).map(
    ([key, item]) => [key, withoutSecrets(item, `${at}.${key}`, secretKeys)] as const,
  );
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

/** As Pulumi hands values to a program: text stays text, everything else becomes JSON. */
function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

async function readYaml<T extends z.ZodType>(
  file: string,
  shown: string,
  schema: T,
  missing: string,
): Promise<z.output<T>> {
  try {
    return schema.parse(parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof z.ZodError) throw unreadable(shown, z.prettifyError(error), error);
    if (error instanceof YAMLParseError) throw unreadable(shown, error.message, error);
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new StackConfigError(
      {
        summary: `${shown}: ${missing}`,
        expected: "a file that Pulumi reads, too",
        found: `no file ${file}`,
        at: shown,
        fix: "name another stack with --stack, another folder with -C, or make it: pulumi stack init",
      },
      { cause: error },
    );
  }
}

function unreadable(shown: string, found: string, cause: Error): StackConfigError {
  return new StackConfigError(
    {
      summary: `${shown} cannot be read`,
      expected: "YAML with a map of keys below `config`",
      found,
      at: shown,
      fix: "correct the file; `pulumi config` shows what Pulumi makes of it",
    },
    { cause },
  );
}
