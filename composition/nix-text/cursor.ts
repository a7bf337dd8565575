import { flakeConfigError } from "../body/evaluate-body.ts";
import { flakeConfigPath } from "../evaluation/config-scope.ts";
import { NotNixDataError, UnprintableError } from "./errors.ts";

/** What the printed text depends on besides the value. */
export interface NixPlace {
  /** Absolute root of the fleet: a path literal may not leave it. */
  readonly root: string;
  /** Absolute folder of the file that is printed: path literals are relative to it. */
  readonly folder: string;
  /** Where entries are found there: `inputs.self.modules` in a machine, `config.flake.modules` in the flake. */
  readonly modules: string;
  /** `file:line` of the definition that is printed, for errors. */
  readonly at: string;
}

/** Where a value stands within the printed text. */
export interface NixCursor {
  readonly place: NixPlace;
  /** Column of the line on which the value begins, in spaces. */
  readonly indent: number;
  /** Column at which the value itself begins. */
  readonly column: number;
  /** Attribute path from the top of the printed value, for errors. */
  readonly path: readonly string[];
  /** Objects around the value, to find one that contains itself. */
  readonly around: readonly object[];
}

/** The beginning of a text. @param indent - column of its line, in spaces. */
export function cursorAt(place: NixPlace, indent: number): NixCursor {
  return { place, indent, column: indent, path: [], around: [] };
}

/** Goes into a list or a set of attributes. */
export function enter(value: object, cursor: NixCursor): NixCursor {
  if (cursor.around.includes(value)) throw notData("a value that contains itself", cursor);
  const path = flakeConfigPath(value);
  // Sets of plain options are data; the whole, and what holds the namespaces, cannot be meant as data.
  if (path !== undefined && (path.length === 0 || (path.length === 1 && path[0] === "flake"))) {
    throw flakeConfigError(value, cursor.place.at);
  }
  return { ...cursor, around: [...cursor.around, value] };
}

/** Gives an unprintable scalar its path and place. */
export function guard<T>(print: () => T, cursor: NixCursor): T {
  try {
    return print();
  } catch (error) {
    if (!(error instanceof UnprintableError)) throw error;
    throw new NotNixDataError(
      {
        summary: `${describePath(cursor)}: ${error.found} has no form in Nix`,
        expected: error.expected,
        found: error.found,
        at: cursor.place.at,
        fix: "write the value in another way, or leave it out",
      },
      { cause: error },
    );
  }
}

/** A value that Nix has no form for. */
export function notData(value: unknown, cursor: NixCursor): NotNixDataError {
  const found = describeStranger(value);
  return new NotNixDataError({
    summary: `${describePath(cursor)}: ${found} has no form in Nix`,
    expected: "null, a boolean, number, string, list, attribute set, reference, symbol, path or nix template",
    found,
    at: cursor.place.at,
    fix:
      typeof value === "function"
        ? "write the function in Nix: nix`argument: …`"
        : "leave the attribute out, or write it as one of these",
  });
}

function describeStranger(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "undefined";
  if (typeof value === "function") return "a JavaScript function";
  if (typeof value === "symbol") return "a JavaScript symbol";
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return `an instance of ${typeof name === "string" ? name : "an unnamed class"}`;
}

/** For messages: `networking.hostName`, `imports[2]`. */
export function describePath({ path }: NixCursor): string {
  return path.length === 0 ? "the value" : path.join(".").replaceAll(".[", "[");
}
