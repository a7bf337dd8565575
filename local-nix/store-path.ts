import { z } from "zod";

declare const storePathBrand: unique symbol;

/** What makes a text a store path for the compiler; of its own name, so that declarations of what holds one can name it. */
export interface StorePathBrand {
  readonly [storePathBrand]: true;
}

/** `/nix/store/<hash>-<name>`, nothing below it. Source: Nix manual 2.26, "Store Path". */
export type StorePath = string & StorePathBrand;

// 32 characters of Nix' base-32 alphabet (no e, o, t, u), then a name of 1 to 211 characters that starts with no dot.
const pattern = /^\/nix\/store\/[0-9abcdfghijklmnpqrsvwxyz]{32}-[0-9a-zA-Z+\-_?=][0-9a-zA-Z+\-._?=]{0,210}$/;

export function isStorePath(text: string): text is StorePath {
  return pattern.test(text);
}

/** @throws {TypeError} when `text` is not a store path; boundaries wrap it into their own error. */
export function parseStorePath(text: string): StorePath {
  if (!isStorePath(text)) throw new TypeError(`expected /nix/store/<hash>-<name>, found ${JSON.stringify(text)}`);
  return text;
}

/** Accepts a store path, nothing below it. */
export const storePathSchema = z.string().transform((text, context): StorePath => {
  if (isStorePath(text)) return text;
  context.addIssue("expected /nix/store/<hash>-<name>");
  return z.NEVER;
});

/** `galena-nixos-1a2b3c4` style short form for people: the first 7 characters of the hash and the name. */
export function renderStorePath(path: StorePath): string {
  const base = path.slice("/nix/store/".length);
  return `${base.slice(0, 7)}-${base.slice(33)}`;
}
