import type { Location } from "../fleet-model.ts";
import type { CheckContext } from "./context.ts";
import { machineOf } from "./machines.ts";

/**
 * Where a machine's configuration states an option: the file by Nix, the line by the file's text.
 * @param path - the option's, or that of an attribute or value below it, e.g. `users.users.mina.uid`.
 * @returns undefined where no file of the fleet states it: it has its default, or an input states it.
 */
export function optionPlace(
  { configurations, mention }: CheckContext,
  machine: string,
  path: readonly string[],
): Location | undefined {
  const definedIn = configurations.get(machine)?.definedIn ?? {};
  for (let length = path.length; length > 0; length--) {
    const files = definedIn[path.slice(0, length).join(".")];
    if (files !== undefined) return mention(files, path) ?? undefined;
  }
  return undefined;
}

/** The same; where it is not known, the place of the machine. */
export function placeOf(context: CheckContext, machine: string, path: readonly string[]): Location | null {
  return optionPlace(context, machine, path) ?? machineOf(context.model, machine)?.definedAt ?? null;
}
