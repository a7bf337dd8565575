import { isScalar, isSeq, parseDocument, type YAMLSeq } from "yaml";
import type { Draft } from "./draft.ts";
import { AuthoringError } from "./errors.ts";

const key = "pulumi-clan:machines";

/**
 * Names a machine among those of a stack, unless the stack takes it already: by its name, by a tag, or because it takes all.
 * @param carried - tags of the machine. @throws {AuthoringError} there is no such stack, or its list is not written out.
 */
export function addToStack(draft: Draft, stack: string, machine: string, carried: ReadonlySet<string>): void {
  const file = `Pulumi.${stack}.yaml`;
  const text = /^[\w.-]+$/.test(stack) ? draft.read(file) : undefined;
  const config = text === undefined ? undefined : parseDocument(text);
  if (text === undefined || config === undefined || config.errors.length > 0)
    throw stackError(file, "a stack's file", text === undefined ? "no such file" : "text that is no YAML");
  const machines = config.getIn(["config", key]);
  if (machines === undefined) return;
  if (!isSeq(machines)) throw stackError(file, `${key} as a list`, "something else");
  const names = machines.items.map((item) => (isScalar(item) ? String(item.value) : ""));
  if (takes(names, machine, carried)) return;
  draft.write(file, withItem(text, machines, machine));
}

function takes(names: readonly string[], machine: string, carried: ReadonlySet<string>): boolean {
  return names.some((name) => name === machine || (name.startsWith("tag:") && carried.has(name.slice(4))));
}

/** Everything but the item stays byte for byte. */
function withItem(text: string, { items, flow, range }: YAMLSeq, item: string): string {
  const last = items.at(-1);
  const end = isScalar(last) ? last.range?.[1] : undefined;
  if (end === undefined) {
    const open = text.indexOf("[", range?.[0] ?? 0) + 1;
    return `${text.slice(0, open)}${item}${text.slice(open)}`;
  }
  if (flow === true) return `${text.slice(0, end)}, ${item}${text.slice(end)}`;
  const margin = /[^\n]*$/.exec(text.slice(0, isScalar(last) ? last.range?.[0] : end))?.[0] ?? "- ";
  const line = text.indexOf("\n", end);
  const at = line === -1 ? text.length : line;
  return `${text.slice(0, at)}\n${margin}${item}${text.slice(at)}`;
}

function stackError(file: string, expected: string, found: string): AuthoringError {
  return new AuthoringError({
    summary: `${file}: cannot take the machine`,
    expected,
    found,
    at: file,
    fix: `add the machine to ${key} by hand, or leave --stack out`,
  });
}
