import { evaluateBody } from "../composition/body/evaluate-body.ts";
import { collectReferences } from "../composition/body/references.ts";
import type { EntryReference } from "../composition/entry-reference.ts";
import type { EntryDefinition, FlakeEvaluation } from "../composition/evaluate-flake.ts";
import { isAttributeSet } from "../composition/evaluation/definition.ts";

/** What a machine is made of, through any chain of imports. */
export interface Reach {
  /** `<class>/<entry>`. */
  readonly entries: ReadonlySet<string>;
  /** Who gets an account or a home on the way. */
  readonly people: ReadonlySet<string>;
}

/** What one entry says itself. */
interface Node {
  readonly references: readonly EntryReference[];
  readonly people: readonly string[];
}

/** Which entries refer to which. */
export class EntryGraph {
  readonly #evaluation: FlakeEvaluation;
  /** Bodies are looked into once, whoever imports them. */
  readonly #nodes = new Map<string, Node>();

  constructor(evaluation: FlakeEvaluation) {
    this.#evaluation = evaluation;
  }

  /** Everything that the given entries bring along, themselves included. Circles are no trouble. */
  reach(roots: readonly EntryReference[]): Reach {
    const entries = new Set<string>();
    const people = new Set<string>();
    const waiting = [...roots];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const name = entryName(next);
      if (entries.has(name)) continue;
      entries.add(name);
      const node = this.#node(next);
      waiting.push(...node.references);
      for (const person of node.people) people.add(person);
    }
    return { entries, people };
  }

  /** Entries that an entry refers to itself, each once. */
  importsOf(entry: { readonly class: string; readonly entry: string }): ReadonlySet<string> {
    return new Set(this.#node(entry).references.map(entryName));
  }

  #node(entry: { readonly class: string; readonly entry: string }): Node {
    const name = entryName(entry);
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const definitions = this.#evaluation.namespaces.get(entry.class)?.get(entry.entry) ?? [];
    const references = definitions.flatMap((definition) =>
      collectReferences(definition.body, definition).map(({ reference }) => reference),
    );
    const node = { references, people: definitions.flatMap(peopleIn) };
    this.#nodes.set(name, node);
    return node;
  }
}

/** `<class>/<entry>`, as the model writes entries. */
export function entryName(reference: { readonly class: string; readonly entry: string }): string {
  return `${reference.class}/${reference.entry}`;
}

/**
 * Homes of `home-manager.users` and accounts of people in `users.users`, in a body that is data; what a template or a Nix
 * file says is Nix's to know. On darwin every declared account is a person's but the system's own, which begin with "_".
 */
function peopleIn(definition: EntryDefinition): string[] {
  const { class: className, body } = definition;
  const evaluated = evaluateBody(body, definition);
  if (evaluated.kind !== "attributes") return [];
  const homes = Object.keys(attributesAt(evaluated.attributes, "home-manager", "users"));
  const isPerson = ([name, account]: [string, unknown]): boolean =>
    className === "darwin"
      ? !name.startsWith("_") && name !== "root"
      : isAttributeSet(account) && account["isNormalUser"] === true;
  const accounts = Object.entries(attributesAt(evaluated.attributes, "users", "users")).filter(isPerson);
  return [...homes, ...accounts.map(([name]) => name)];
}

function attributesAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const found = path.reduce<unknown>((inner, name) => (isAttributeSet(inner) ? inner[name] : undefined), value);
  return isAttributeSet(found) ? found : {};
}
