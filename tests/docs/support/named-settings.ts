import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseStackConfig } from "../../../clan/stack-config.ts";
import { type JsonSchema, stackConfigProperties } from "../../../clan/stack-file-schema.ts";
import { type Page, passagesOf } from "./markdown.ts";

const properties = stackConfigProperties();
/** Keys that pages name without what stands before them; other first parts are those of flakes and models, too. */
const shortened = /^(?:policy|rollout)(?:\.(?:<[\w-]+>|\w[\w-]*))+(?=$|: )/;
/** A public key of which a page shows the beginning. */
const wholeKey = "AAAAC3NzaC1lZDI1NTE5AAAAIA5uZ5sFm0RjUbKsvWe0pDJ8G3p5mXlCq7dJm6BTFxT0";

/** Keys of a stack's configuration that a page names and the schema lacks: `page: hosts.<m>.targetHots`. */
export function unknownKeys({ path, text }: Page): string[] {
  const prefixed = [...text.matchAll(/pulumi-clan:([A-Za-z]+(?:\.(?:<[\w-]+>|\w[\w-]*))*)/g)].map(
    ([, key = ""]) => key,
  );
  const inSpans = passagesOf(text)
    .filter(({ kind }) => kind === "span")
    .flatMap(({ text: span }) => shortened.exec(span)?.[0] ?? []);
  const unknown = [...prefixed, ...inSpans].filter((key) => !isKey(key.split("."), { properties }));
  return unknown.map((key) => `${path}: ${key}`);
}

/** Whether a path leads to something: by name through objects, by any name through maps, through lists and alternatives. */
function isKey([first, ...rest]: readonly string[], schema: JsonSchema): boolean {
  if (first === undefined) return true;
  const { properties: named = {}, additionalProperties: any, items, anyOf = [] } = schema;
  const below = [named[first] ?? any].filter((one) => typeof one === "object");
  if (below.some((one) => isKey(rest, one))) return true;
  // A map whose values may be anything.
  if (any !== undefined && any !== false && typeof any !== "object") return true;
  const through = [...anyOf, ...(typeof items === "object" && !Array.isArray(items) ? [items] : [])];
  return through.some((one) => typeof one === "object" && isKey([first, ...rest], one));
}

/** Blocks of YAML that are a stack's configuration and are refused by what reads it: `page:line: why`. */
export function refusedConfigurations({ path, text }: Page): string[] {
  return passagesOf(text).flatMap((passage) => {
    if (passage.language !== "yaml" || !/^\s*pulumi-clan:/m.test(passage.text)) return [];
    const file = `${path}:${passage.line}`;
    const document: unknown = parse(passage.text.replaceAll("AAAA…", wholeKey), { version: "1.1" });
    const config = isRecord(document) && isRecord(document["config"]) ? document["config"] : document;
    if (!isRecord(config)) return [`${file}: no keys`];
    const raw = Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    try {
      parseStackConfig(Object.fromEntries(raw), file);
      return [];
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Variables of ours that a page names. */
export function variablesOf({ text }: Page): string[] {
  return [...text.matchAll(/\bPULUMI_CLAN_\w+/g)].map(([name]) => name);
}

/** Whether one of these files has the name in it. */
export function isNamedIn(files: readonly string[], name: string): boolean {
  return files.some((file) => new RegExp(`\\b${name}\\b`).test(readFileSync(file, "utf8")));
}
