import { evaluateBody } from "../composition/body/evaluate-body.ts";
import { collectReferences } from "../composition/body/references.ts";
import { isSpliceName } from "../composition/body/splice.ts";
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
  /** By name. */
  readonly imports: ReadonlyMap<string, EntryReference>;
  readonly people: readonly string[];
}

const graphs = new WeakMap<FlakeEvaluation, EntryGraph>();

/** The graph of a fleet, the same one for everybody who asks: a large fleet has 200,000 references. */
export function entryGraph(evaluation: FlakeEvaluation): EntryGraph {
  const known = graphs.get(evaluation) ?? new EntryGraph(evaluation);
  graphs.set(evaluation, known);
  return known;
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
    const waiting = new Map(roots.map((root) => [entryName(root), root]));
    const people = new Set<string>();
    // What is added to a map while it is walked through is walked through as well.
    for (const [name, entry] of waiting) {
      const node = this.#node(name, entry);
      for (const [imported, reference] of node.imports) if (!waiting.has(imported)) waiting.set(imported, reference);
      for (const person of node.people) people.add(person);
    }
    return { entries: new Set(waiting.keys()), people };
  }

  /** Entries that an entry refers to itself, each once. */
  importsOf(entry: { readonly class: string; readonly entry: string }): Iterable<string> {
    return this.#node(entryName(entry), entry).imports.keys();
  }

  #node(name: string, entry: { readonly class: string; readonly entry: string }): Node {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const definitions = this.#evaluation.namespaces.get(entry.class)?.get(entry.entry) ?? [];
    const imports = new Map<string, EntryReference>();
    for (const definition of definitions) {
      for (const { reference } of collectReferences(definition.body, definition))
        imports.set(entryName(reference), reference);
    }
    const node = { imports, people: definitions.flatMap(peopleIn) };
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
  const homes = Object.keys(attributesAt(evaluated.attributes, "home-manager", "users")).filter(
    (name) => !isSpliceName(name),
  );
  const isPerson = ([name, account]: [string, unknown]): boolean =>
    !isSpliceName(name) &&
    (className === "darwin"
      ? !name.startsWith("_") && name !== "root"
      : isAttributeSet(account) && account["isNormalUser"] === true);
  const accounts = Object.entries(attributesAt(evaluated.attributes, "users", "users")).filter(isPerson);
  return [...homes, ...accounts.map(([name]) => name)];
}

function attributesAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> {
  const found = path.reduce<unknown>((inner, name) => (isAttributeSet(inner) ? inner[name] : undefined), value);
  return isAttributeSet(found) ? found : {};
}
