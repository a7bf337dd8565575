import { findOnLevel, setIn } from "./nix-bindings.ts";
import { lambdaAt, namesUsed } from "./nix-lambda.ts";
import type { NixToken } from "./nix-tokens.ts";
import { type Data, type DataSet, define, readPlainData } from "./plain-data.ts";
import type { NixExport, NixModuleText } from "./read-exports.ts";

/** How an entry's body can stand in TypeScript. */
export type ConvertedBody =
  /** As data; `text` is the same in Nix. */
  | { readonly kind: "data"; readonly data: Data; readonly text: string }
  /** As a module in a file of its own, with these bytes. */
  | { readonly kind: "text"; readonly start: number; readonly end: number }
  /** As the module in a file that is there: a path relative to the file. */
  | { readonly kind: "file"; readonly path: string }
  /** Neither way. */
  | { readonly kind: "stays"; readonly reason: string; readonly fix: string };

/** @param definitions - all of one entry in the file, at least one. */
export function readBody(module: NixModuleText, definitions: readonly NixExport[]): ConvertedBody {
  return dataOf(module, definitions) ?? moduleOf(module, definitions);
}

function dataOf(module: NixModuleText, definitions: readonly NixExport[]): ConvertedBody | undefined {
  const body: DataSet = { kind: "set", attributes: [], end: [] };
  const texts: string[] = [];
  for (const { below, binding } of definitions) {
    const { tokens, text } = module;
    const { to } = binding.value;
    const lambda = below.length === 0 ? lambdaAt(tokens, binding.value.from) : undefined;
    const bound = new Set(lambda?.names);
    const from = lambda?.body ?? binding.value.from;
    const scope = {
      ...module,
      names: new Set([...module.names, ...bound]),
      namespaces: new Map([...module.namespaces].filter(([name]) => !bound.has(name))),
      hasConfig: module.names.has("config") && !bound.has("config"),
    };
    const data = readPlainData(scope, from, to);
    if (data === undefined) return undefined;
    const source = text.slice(tokens[from]?.start, tokens[to - 1]?.end);
    if (data.kind === "reference" && definitions.length === 1 && below.length === 0)
      return { kind: "data", data, text: source };
    const remarks = { before: [], after: undefined };
    if (data.kind === "set" && below.length === 0) {
      for (const one of data.attributes) if (!define(body, [one.name], one.value, one.remarks)) return undefined;
      body.end.push(...data.end);
    } else if (below.length === 0 || !define(body, below, data, remarks)) return undefined;
    texts.push(below.length === 0 ? setText(source) : `${below.map(quoted).join(".")} = ${source};`);
  }
  return { kind: "data", data: body, text: `{ ${texts.join("\n")}\n}` };
}

/** What stands inside the braces of a set, whatever parentheses are around it. */
function setText(source: string): string {
  return source.slice(source.indexOf("{") + 1, source.lastIndexOf("}"));
}

function quoted(name: string): string {
  return `"${name.replace(/["\\$]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

function moduleOf(module: NixModuleText, definitions: readonly NixExport[]): ConvertedBody {
  const { tokens } = module;
  const [first, second] = definitions;
  if (first === undefined) throw new Error("an entry without a definition");
  const { from, to } = first.binding.value;
  const stays = (reason: string, fix: string) => ({ kind: "stays", reason, fix }) as const;
  if (first.below.length > 0 || second !== undefined)
    return stays("defined by several paths that are not all plain data", "write it as one set, or one function");
  const only = to - from === 1 ? tokens[from] : undefined;
  if (only?.kind === "path" && /^\.\.?\//.test(only.text)) return { kind: "file", path: only.text };
  const lambda = lambdaAt(tokens, from);
  if (lambda === undefined && !givesSet(tokens, from, to))
    return stays("an expression, and neither a set nor a function", "write its body out");
  const used = [...namesUsed(tokens, { from, to })].filter((name) => module.names.has(name));
  if (used.length > 0)
    return stays(
      `a body that is no plain data and uses ${used.join(", ")} of the file around it`,
      `bind what it uses in the body: name module arguments in its own head, e.g. { ${used.join(", ")}, ... }:`,
    );
  return { kind: "text", start: tokens[from]?.start ?? 0, end: tokens[to - 1]?.end ?? 0 };
}

/** A set, also a recursive one, and one below a `let`. */
function givesSet(tokens: readonly NixToken[], from: number, to: number): boolean {
  if (tokens[from]?.text === "let") {
    const end = findOnLevel(tokens, from + 1, ["in"]);
    return end !== undefined && (lambdaAt(tokens, end + 1) !== undefined || givesSet(tokens, end + 1, to));
  }
  return setIn(tokens, { from: tokens[from]?.text === "rec" ? from + 1 : from, to }) !== undefined;
}
