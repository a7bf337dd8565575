import { z } from "zod";
import { parseStorePath, type StorePath } from "../../local-nix/store-path.ts";
import type { HostFacts } from "../host-facts.ts";
import { composeScript } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";

/** Name below `<toplevel>/specialisation/`. */
export const specialisationNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}$/, "expected a specialisation's name");

/** Which path is activated, which one is committed. Without a specialisation both are the declared one. */
export interface SystemPaths {
  /** `switch-to-configuration test` runs from here; /run/current-system shall be this. */
  readonly test: StorePath;
  /** Profile and boot entry: always the parent, the default entry never starts a specialisation. */
  readonly commit: StorePath;
}

/** How a host stands to a declared system and specialisation; `other` specialisations of the same parent are a difference. */
export type Standing = "as-declared" | "only-tested" | "other-specialisation" | "different";

/** Pure: compares what runs and what the profile names with both paths. Comparing with the parent alone would find a difference for ever. */
export function compareSystem(
  { current, profile }: Pick<HostFacts, "current" | "profile">,
  paths: SystemPaths,
): Standing {
  if (current === paths.test) return profile === paths.commit ? "as-declared" : "only-tested";
  return profile === paths.commit ? "other-specialisation" : "different";
}

const answerSchema = z
  .string()
  .trim()
  .regex(/^(?:found \/nix\/store\/\S+|missing(?: \S+)*)$/);

/** The paths of a pushed system on its host, or why there is none: in one line, with the names that exist. */
export async function readSystemPaths(
  shell: RootShell,
  toplevel: StorePath,
  specialisation: string | undefined,
  signal: AbortSignal,
): Promise<
  { readonly kind: "found"; readonly paths: SystemPaths } | { readonly kind: "missing"; readonly reason: string }
> {
  if (specialisation === undefined) return { kind: "found", paths: { test: toplevel, commit: toplevel } };
  const name = specialisationNameSchema.parse(specialisation);
  const script = composeScript(
    "specialisation",
    [new URL("./scripts/specialisation.sh", import.meta.url)],
    [toplevel, name],
  );
  const { stdout } = await shell.exec(script, { deadlineSeconds: 30 }, signal);
  const answer = answerSchema.parse(stdout);
  if (answer.startsWith("found ")) {
    return { kind: "found", paths: { test: parseStorePath(answer.slice("found ".length)), commit: toplevel } };
  }
  const names = answer.split(" ").slice(1).join(", ") || "none";
  return { kind: "missing", reason: `${toplevel} has no specialisation ${name}; it has ${names}` };
}
