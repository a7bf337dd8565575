import { join } from "node:path";
import { flakeFolder } from "../clan/flake/origin.ts";
import type { FleetModel } from "../clan/fleet-model.ts";
import { type Fleet, readFleet } from "../clan/read-fleet.ts";
import type { Report } from "../report.ts";
import { traced } from "../trace.ts";
import type { Stack } from "./stack.ts";

/** Where a fleet is written. */
export interface FleetSource {
  /** Reference of an existing flake. Absent: the fleet is written in `fleet.ts`. */
  readonly flake?: string | undefined;
  /** Input of the flake → flake reference. */
  readonly overrideInputs?: Readonly<Record<string, string>> | undefined;
  readonly nixOptions?: Readonly<Record<string, string>> | undefined;
  readonly impure?: boolean | undefined;
}

/**
 * Reads the fleet: `<root>/fleet.ts`, or the flake that is named instead.
 * @param base - folder to which a relative flake reference is relative.
 * @param chosen - machines of an adopted flake whose configurations are read. Default: all.
 * @throws {FleetError} @throws {FleetErrors}
 */
export function openFleet(
  root: string,
  base: string,
  source: FleetSource,
  chosen: ((model: FleetModel) => readonly string[]) | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<Fleet> {
  return traced({ kind: "phase", what: "read" }, () => open(root, base, source, chosen, report, signal));
}

async function open(
  root: string,
  base: string,
  { flake, overrideInputs, nixOptions, impure }: FleetSource,
  chosen: ((model: FleetModel) => readonly string[]) | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<Fleet> {
  if (flake === undefined) {
    const fleet = await readFleet(root);
    for (const { file, reason } of fleet.evaluation.unreadNixModules)
      report({ level: "warning", phase: "read", message: `${file}: which entries it defines is not known: ${reason}` });
    return fleet;
  }
  const request = {
    reference: flake,
    ...(overrideInputs === undefined ? {} : { overrideInputs }),
    ...(nixOptions === undefined ? {} : { nixOptions }),
    ...(impure === undefined ? {} : { impure }),
  };
  // A fleet in TypeScript needs nothing of what reads other people's flakes.
  const { adoptFlake } = await import("../clan/flake/adopt-flake.ts");
  return adoptFlake(request, base, chosen === undefined ? {} : { chosen }, report, signal);
}

/** The stack, with an adopted flake's own vars for those that it does not state: they lie in the flake, not in the project. */
export function withVarsOf<T extends Stack>(fleet: Fleet, stack: T): T {
  if (fleet.kind === "authored" || stack.config.vars !== undefined) return stack;
  const vars = join(flakeFolder(fleet.flake.settings.tree), fleet.model.vars.directory);
  return { ...stack, config: { ...stack.config, vars } };
}
