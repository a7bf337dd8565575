import type { EntryReference } from "./entry-reference.ts";

/**
 * What the fleet at hand has names for. `fleet types` writes them into `fleet.d.ts`, which merges them into this interface;
 * without that file it is empty, and every name is text.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface FleetNames {}

/** Names of one kind; `Fallback` where there is no `fleet.d.ts`. */
export type NamesOf<Kind extends string, Fallback> = FleetNames extends { readonly [K in Kind]: infer Names }
  ? Names
  : Fallback;

/** A name that is known, or any other: a file that is out of date must not keep a new name from being written. */
export type OpenName<Known extends string> = Known | (string & {});

/** An entry that `fleet.d.ts` does not name. */
export interface UnlistedEntries {
  /** @deprecated `fleet.d.ts` does not name it: a typo, or newer than that file, which `fleet types` writes anew. */
  readonly [entry: string]: EntryReference;
}

/** References to the entries of a class by name. */
export type EntryNamespaceOf<Class extends string> =
  NamesOf<"entries", undefined> extends { readonly [C in Class]: infer Entries }
    ? Entries & UnlistedEntries
    : Readonly<Record<string, EntryReference>>;

/** Names of the entries of a class. */
export type EntryName<Class extends string = string> =
  NamesOf<"entries", undefined> extends { readonly [C in Class]: infer Entries } ? keyof Entries & string : string;
