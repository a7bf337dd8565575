import { z } from "zod";
import { parseStorePath, renderStorePath, type StorePath } from "../../local-nix/store-path.ts";
import type { HostFacts } from "../host-facts.ts";
import { composeScript } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";

/** Name below `<toplevel>/specialisation/`. */
export const specialisationNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$/, "expected a specialisation's name");

/** What a host shall run: a system, or a specialisation of it. Profile and default boot entry are the system's in both cases. */
export interface DeclaredRun {
  readonly toplevel: StorePath;
  /** Name below `<toplevel>/specialisation/`; null: the system itself. */
  readonly specialisation: string | null;
}

/** What ran when a host was looked at. */
export type SeenRun = Pick<HostFacts, "current" | "specialisations">;

/** A specialisation has a store path of its own: comparing that with the declared system would find a difference for ever. */
export function runs({ current, specialisations }: SeenRun, { toplevel, specialisation }: DeclaredRun): boolean {
  if (specialisation === null) return current === toplevel;
  return specialisations.some(({ of, name }) => of === toplevel && name === specialisation);
}

/** For people: a path's name, or whose specialisation it is where that is known. */
export function renderRun({ current, specialisations: [first] }: SeenRun): string | undefined {
  if (first !== undefined) return `${renderStorePath(first.of)}, specialisation ${first.name}`;
  return current === null ? undefined : renderStorePath(current);
}

export function renderDeclared({ toplevel, specialisation }: DeclaredRun): string {
  return `${renderStorePath(toplevel)}${specialisation === null ? "" : `, specialisation ${specialisation}`}`;
}

const answerSchema = z
  .string()
  .trim()
  .regex(/^(?:found \/nix\/store\/\S+|missing(?: \S+)*)$/);

/** The path of a specialisation of a pushed system, or why there is none: in one line, with the names that exist. */
export async function readSpecialisation(
  shell: RootShell,
  toplevel: StorePath,
  specialisation: string,
  signal: AbortSignal,
): Promise<
  { readonly kind: "found"; readonly path: StorePath } | { readonly kind: "missing"; readonly reason: string }
> {
  const name = specialisationNameSchema.parse(specialisation);
  const script = composeScript(
    "specialisation",
    [new URL("./scripts/specialisation.sh", import.meta.url)],
    [toplevel, name],
  );
  const { stdout } = await shell.exec(script, { deadlineSeconds: 30 }, signal);
  const answer = answerSchema.parse(stdout);
  if (answer.startsWith("found ")) return { kind: "found", path: parseStorePath(answer.slice("found ".length)) };
  const names = answer.split(" ").slice(1).join(", ") || "none";
  return { kind: "missing", reason: `${toplevel} has no specialisation ${name}; it has ${names}` };
}
