import { EntryReference } from "../../composition/entry-reference.ts";
import type { NixPlace } from "../../composition/nix-text/cursor.ts";
import { printNix } from "../../composition/nix-text/print-nix.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import type { Data } from "./plain-data.ts";

/** The value as TypeScript will hand it to the emission. */
export function nixValueOf(data: Data, file: string): unknown {
  switch (data.kind) {
    case "scalar":
      return data.value;
    case "reference":
      return new EntryReference(data.class, data.entry, { file });
    case "list":
      return data.elements.map(({ value }) => nixValueOf(value, file));
    case "set":
      return Object.fromEntries(data.attributes.map(({ name, value }) => [name, nixValueOf(value, file)]));
  }
}

/**
 * Asks Nix whether data says what the text from which it was read says: both are evaluated, without any input.
 * @param body - the text, an expression that may name `config.flake.modules` and `namespaces`.
 */
export async function saysTheSame(
  root: string,
  file: string,
  body: string,
  data: Data,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const place: NixPlace = { root, folder: root, modules: "config.flake.modules", at: file };
  const known = new Map<string, Map<string, string>>();
  for (const { class: className, entry } of referencesIn(data)) {
    const entries = known.get(className) ?? new Map<string, string>();
    known.set(className, entries.set(entry, `#${className}/${entry}`));
  }
  const stubs = Object.fromEntries([...known].map(([name, entries]) => [name, Object.fromEntries(entries)]));
  const expression = `let
config = { flake.modules = ${printNix(stubs, place)}; };
${namespaces.map((name) => `${name} = config.flake.modules.${name};`).join("\n")}
before = (${body}
);
after = (${printNix(nixValueOf(data, file), place)});
in before == after && builtins.toJSON before == builtins.toJSON after`;
  const answer = await runNix(["eval", "--json", "--expr", expression], {
    signal,
    purpose: `${file}: compare the export before and after`,
  });
  return answer.trim() === "true";
}

function* referencesIn(data: Data): Iterable<Extract<Data, { kind: "reference" }>> {
  if (data.kind === "reference") yield data;
  if (data.kind !== "set" && data.kind !== "list") return;
  for (const { value } of data.kind === "set" ? data.attributes : data.elements) yield* referencesIn(value);
}
