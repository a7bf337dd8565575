import { EntryReference } from "./entry-reference.ts";
import type { DefinitionSource } from "./evaluation/definition.ts";
import type { FlakeModuleData } from "./flake-module.ts";
import type { EntryDefinition, Namespaces } from "./namespaces.ts";
import { compareText } from "./nearest.ts";
import type { SourceLocation } from "./source-location.ts";

/** What can be told of an entry's definition in a `.nix` flake module without evaluating it. */
export interface NixDefinition {
  readonly class: string;
  readonly entry: string;
  readonly definedAt: SourceLocation;
  readonly imports: readonly EntryName[];
  /** User → entries of `home-manager.users.<user>.imports`. */
  readonly homes: Readonly<Record<string, readonly EntryName[]>>;
  /** Accounts of people, `users.users.<name>`. */
  readonly people: readonly string[];
}

interface EntryName {
  readonly class: string;
  readonly entry: string;
}

/** A `.nix` flake module whose entries could not be told. */
export interface UnreadNixModule {
  /** Relative to the fleet's root. */
  readonly file: string;
  readonly reason: string;
}

/** What a `.nix` flake module says beside entries, as a module of TypeScript would say it. */
export interface NixStatements {
  readonly module: FlakeModuleData;
  readonly source: DefinitionSource;
}

export interface NixModules {
  readonly definitions: readonly NixDefinition[];
  /** Read as part of the fleet, and not emitted: Nix reads the module itself. */
  readonly statements: readonly NixStatements[];
  readonly unread: readonly UnreadNixModule[];
}

/**
 * Reads the `.nix` flake modules of a mixed tree.
 * @param files - relative to the root.
 * @param known - entries that TypeScript defines, by class.
 */
export type NixModuleReader = (
  root: string,
  files: readonly string[],
  known: ReadonlyMap<string, readonly string[]>,
) => Promise<NixModules>;

/**
 * The namespaces with the definitions of `.nix` files among those of TypeScript, in file order: whoever asks who imports
 * what, and where it is defined, needs not know in which language. Their bodies hold what is known and are not emitted.
 */
export function withNixDefinitions(namespaces: Namespaces, definitions: readonly NixDefinition[]): Namespaces {
  const merged = new Map([...namespaces].map(([className, entries]) => [className, new Map(entries)]));
  for (const definition of definitions) {
    const entries = merged.get(definition.class) ?? new Map<string, readonly EntryDefinition[]>();
    const all = [...(entries.get(definition.entry) ?? []), opaqueDefinition(definition)];
    merged.set(
      definition.class,
      entries.set(
        definition.entry,
        all.sort((a, b) => compareText(a.file, b.file)),
      ),
    );
  }
  return new Map(
    [...merged].sort(byName).map(([className, entries]) => [className, new Map([...entries].sort(byName))]),
  );
}

function opaqueDefinition({ class: className, entry, definedAt, ...known }: NixDefinition): EntryDefinition {
  const refer = (names: readonly EntryName[]) =>
    names.map((name) => new EntryReference(name.class, name.entry, definedAt));
  const users = Object.entries(known.homes).map(([user, imports]) => [user, { imports: refer(imports) }] as const);
  const accounts = known.people.map((name) => [name, { isNormalUser: true }] as const);
  const body = {
    ...(known.imports.length === 0 ? {} : { imports: refer(known.imports) }),
    ...(users.length === 0 ? {} : { "home-manager": { users: Object.fromEntries(users) } }),
    ...(accounts.length === 0 ? {} : { users: { users: Object.fromEntries(accounts) } }),
  };
  return { class: className, entry, body, file: definedAt.file, definedAt, language: "nix" };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return compareText(a, b);
}
