import { stripVTControlCharacters } from "node:util";

/** A part of the fleet, by name. */
export interface ErrorSubject {
  readonly kind: "machine" | "entry" | "instance" | "role" | "tag";
  readonly name: string;
}

/** The five facts of an error, in the words of the reader (docs/errors.md lists every code). */
export interface ErrorFacts {
  /** What went wrong, in one line; begins with the machine, file or key it concerns. */
  readonly summary: string;
  readonly expected: string;
  readonly found: string;
  /** `file:line`, `Pulumi.<stack>.yaml: key`, or the command and host. */
  readonly at: string;
  /** What to do, preferably a command. */
  readonly fix: string;
  /** What of the fleet it concerns, for reports that group by it; not part of the text. */
  readonly subject?: ErrorSubject;
}

/** An error a fleet's owner can act on. Callers test `code` or the class, never the text. */
export abstract class FleetError extends Error {
  /** Stable and listed in docs/errors.md. */
  abstract readonly code: `FLEET_${string}`;
  readonly facts: ErrorFacts;

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(renderFacts(facts), options);
    this.name = new.target.name;
    this.facts = facts;
  }
}

/** One cause can break every file of a fleet; a screenful says as much as all of them. */
const mostShown = 20;

/** Several errors of one input, reported together. */
export class FleetErrors extends AggregateError {
  readonly code = "FLEET_SEVERAL";

  constructor(errors: readonly FleetError[]) {
    const shown = errors.slice(0, mostShown).map((error) => error.message);
    const more = errors.length - shown.length;
    super(errors, [...shown, ...(more > 0 ? [`… and ${more} more errors`] : [])].join("\n\n"));
    this.name = new.target.name;
  }
}

/**
 * Throws nothing for none, the error itself for one, all of them together for several.
 * @throws {FleetError} @throws {FleetErrors}
 */
export function throwGathered(errors: readonly FleetError[]): void {
  const [first, ...others] = errors;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new FleetErrors(errors);
}

/**
 * For people and their terminals: without escape sequences and control characters, which a terminal would obey, and without
 * marks that reorder a line, so that it reads as what it is not; what a host, a unit or a builder says may hold any.
 * Line feeds and tabs stay. Source: Unicode 16, UAX #9 (`Bidi_Control`).
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\n\t]|\p{Bidi_Control}/gu, " ");
}

function renderFacts({ summary, expected, found, at, fix }: ErrorFacts): string {
  const indented = (text: string): string => text.replaceAll("\n", "\n            ");
  const lines = [
    summary,
    `  expected: ${indented(expected)}`,
    `  found:    ${indented(found)}`,
    `  at:       ${indented(at)}`,
    `  fix:      ${indented(fix)}`,
  ];
  return plainText(lines.join("\n"));
}
