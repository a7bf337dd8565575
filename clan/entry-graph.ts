import { evaluateBody } from "../composition/body/evaluate-body.ts";
import { collectReferences } from "../composition/body/references.ts";
import type { EntryReference } from "../composition/entry-reference.ts";
import type { EntryDefinition, FlakeEvaluation } from "../composition/evaluate-flake.ts";
import { isAttributeSet } from "../composition/evaluation/definition.ts";

/** What a machine is made of, through any chain of imports. */
export interface Reach {
  /** `<class>/<entry>`. */
  readonly entries: ReadonlySet<string>;
  /** Users whose homes are configured on the way, by `home-manager.users.<user>`. */
  readonly homes: ReadonlySet<string>;
}

/** What one entry says itself. */
interface Node {
  readonly references: readonly EntryReference[];
  readonly homes: readonly string[];
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
    const homes = new Set<string>();
    const waiting = [...roots];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const name = entryName(next);
      if (entries.has(name)) continue;
      entries.add(name);
      const node = this.#node(next);
      waiting.push(...node.references);
      for (const home of node.homes) homes.add(home);
    }
    return { entries, homes };
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
    const references = definitions.flatMap(({ body, definedAt }) =>
      collectReferences(body, definedAt).map(({ reference }) => reference),
    );
    const node = { references, homes: definitions.flatMap(homesIn) };
    this.#nodes.set(name, node);
    return node;
  }
}

/** `<class>/<entry>`, as the model writes entries. */
export function entryName(reference: { readonly class: string; readonly entry: string }): string {
  return `${reference.class}/${reference.entry}`;
}

/** Users of `home-manager.users` in a body that is data; what a template or a Nix file says is Nix's to know. */
function homesIn({ body, definedAt }: EntryDefinition): string[] {
  const evaluated = evaluateBody(body, definedAt);
  if (evaluated.kind !== "attributes") return [];
  const homeManager = evaluated.attributes["home-manager"];
  const users = isAttributeSet(homeManager) ? homeManager["users"] : undefined;
  return isAttributeSet(users) ? Object.keys(users) : [];
}
