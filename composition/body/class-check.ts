import { FleetError } from "../../errors.ts";
import type { EntryReference } from "../entry-reference.ts";
import type { EntryDefinition, FlakeEvaluation } from "../evaluate-flake.ts";
import { formatPath } from "../option-path.ts";
import { formatLocation } from "../source-location.ts";
import { ClassMismatchError } from "./errors.ts";
import { type BodyReference, collectReferences } from "./references.ts";

/** What an importing position takes. */
export interface AcceptedClasses {
  readonly classes: readonly string[];
  /** For messages: `imports of nixos.base`. */
  position(): string;
}

const systemClasses: ReadonlySet<string> = new Set(["nixos", "darwin"]);

/**
 * References whose class does not fit where they are imported. Nix would say so too, but only when it evaluates the
 * machine, and without the second file. Bodies that cannot be read are reported too. Source: nixpkgs, lib/modules.nix (checkModule): `generic` passes everywhere.
 */
export function checkClasses(evaluation: Pick<FlakeEvaluation, "namespaces">): readonly FleetError[] {
  return [...evaluation.namespaces.values()]
    .flatMap((entries) => [...entries.values()].flat())
    .flatMap((definition) => checkDefinition(definition, evaluation));
}

function checkDefinition(
  definition: EntryDefinition,
  evaluation: Pick<FlakeEvaluation, "namespaces">,
): readonly FleetError[] {
  try {
    return collectReferences(definition.body, definition).flatMap((placed) => {
      const accepted = acceptedClasses(definition, placed);
      return accepted === undefined ? [] : (checkReference(placed.reference, accepted, evaluation) ?? []);
    });
  } catch (error) {
    // A body that cannot be read hides no other's mistakes.
    if (error instanceof FleetError) return [error];
    throw error;
  }
}

/**
 * An error where the reference's class is not among those that the position takes.
 * Also for positions outside of bodies, such as the registry's `imports`.
 */
export function checkReference(
  reference: EntryReference,
  accepted: AcceptedClasses,
  evaluation: Pick<FlakeEvaluation, "namespaces">,
): ClassMismatchError | undefined {
  if (accepted.classes.includes(reference.class)) return undefined;
  const name = formatPath([reference.class, reference.entry]);
  const definitions = evaluation.namespaces.get(reference.class)?.get(reference.entry) ?? [];
  const files = definitions.map(({ definedAt }) => formatLocation(definedAt)).join(", ");
  return new ClassMismatchError({
    summary: `${accepted.position()} cannot take ${name}: its class is ${reference.class}`,
    expected: `an entry of class ${accepted.classes.join(" or ")}`,
    found: `${name}, defined in ${files === "" ? "no file" : files}`,
    at: formatLocation(reference.usedAt),
    fix: fixFor(reference, accepted),
  });
}

function fixFor({ class: found }: EntryReference, { classes }: AcceptedClasses): string {
  if (found === "homeManager") return "import it for a user: home-manager.users.<user>.imports";
  if (classes.includes("homeManager") && systemClasses.has(found)) return "import it in the system's own imports";
  return `import an entry of class ${classes.join(" or ")}, or define what they share as class generic`;
}

/** What may be imported at a reference's position; undefined: the position is not one that we know. */
function acceptedClasses(definition: EntryDefinition, { at, inText }: BodyReference): AcceptedClasses | undefined {
  if (inText) return undefined;
  const path = at[0] === "config" ? at.slice(1) : at;
  const position = () => `${formatPath(path)} of ${formatPath([definition.class, definition.entry])}`;
  if (isHomeModule(path)) return takesHomes(definition) ? { classes: ["homeManager", "generic"], position } : undefined;
  const own = path.length === 1 || isSpecialisation(path);
  if (!own || path.at(-1) !== "imports" || !isKnownClass(definition.class)) return undefined;
  return { classes: [definition.class, "generic"], position };
}

function takesHomes({ class: className }: EntryDefinition): boolean {
  return systemClasses.has(className) || className === "generic";
}

/** A generic entry may import what fits the machines that import it; other classes have rules of their own. */
function isKnownClass(className: string): boolean {
  return systemClasses.has(className) || className === "homeManager";
}

/** `home-manager.users.<u>`, its `imports`, `home-manager.sharedModules`. Source: home-manager, nixos/common.nix. */
function isHomeModule([first, second, , fourth, ...below]: readonly string[]): boolean {
  if (first !== "home-manager" || below.length > 0) return false;
  if (second === "sharedModules") return fourth === undefined;
  return second === "users" && (fourth === undefined || fourth === "imports");
}

/** `specialisation.<name>.configuration.imports`. Source: nixpkgs, nixos/modules/system/activation/specialisation.nix. */
function isSpecialisation([first, , third, , ...below]: readonly string[]): boolean {
  return first === "specialisation" && third === "configuration" && below.length === 0;
}
