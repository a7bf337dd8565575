import type { MachineClass } from "../../clan/fleet-model.ts";
import type { CopyPlan, DifferencesPlan, PackagesPlan, RebootPlan, UnitsPlan } from "../../clan/plan/machine-plan.ts";
import { comparePackages } from "../../clan/plan/package-changes.ts";
import { decideReboot } from "../../deploy/boot/reboot-need.ts";
import type { Sending } from "../../deploy/store/delta/measure-sending.ts";
import { worthDelta } from "../../deploy/store/delta/worth-delta.ts";
import { planLaunchd } from "../../deploy/units/launchd.ts";
import { planUnits, type UnitChanges } from "../../deploy/units/plan-units.ts";
import type { SeenSystems } from "./look-for-plan.ts";
import type { DeclaredDeployment } from "./plan-machine.ts";
import type { DeclaredSystem } from "./system-difference.ts";

type NotKnown = { readonly kind: "unknown"; readonly why: string };
const notBuilt = "the new system is not built here yet";

/** @param silence - why the host told nothing; undefined: it did. */
export function planPackages(systems: SeenSystems | undefined, silence: string | undefined): PackagesPlan {
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  if (systems.running === undefined) return unknown("the closure that runs is neither here nor could the host tell it");
  return comparePackages(systems.running, systems.wanted.closure);
}

export function planCopy(
  { policy: { cache } }: DeclaredDeployment,
  systems: SeenSystems | undefined,
  silence: string | undefined,
): CopyPlan {
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  const missing = systems.host?.missing;
  if (missing === undefined) return unknown("the host could not tell in time what it has");
  const lacking = systems.wanted.closure.filter(({ path }) => missing.has(path));
  const bytes = lacking.reduce((sum, { narSize }) => sum + narSize, 0);
  const differences = planDifferences(bytes, cache != null, systems.sending);
  return { kind: "known", paths: lacking.length, bytes, differences };
}

function planDifferences(bytes: number, throughCache: boolean, sending: Sending | undefined): DifferencesPlan {
  if (throughCache) return { kind: "none", why: "it is fetched from the cache" };
  if (bytes < worthDelta) return { kind: "none", why: "too little for differences" };
  if (sending === undefined) return unknown("a deep plan tries it");
  switch (sending.kind) {
    case "differences":
      return { kind: "known", paths: sending.paths, bytes: sending.bytes, sentBytes: sending.sentBytes };
    case "full":
      return { kind: "none", why: sending.reason };
    case "unmeasured":
      return unknown(sending.reason);
  }
}

export function planReboot(
  { policy: { mode, rebootPolicy } }: DeclaredDeployment,
  systems: SeenSystems | undefined,
  silence: string | undefined,
): RebootPlan {
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  const { host, wanted } = systems;
  const { kind, reasons } = decideReboot(host?.booted, host?.running, wanted.kernel);
  if (kind === "unknown") return unknown("what the host booted is not known");
  // What is for the next boot is a reason, too.
  const isDue = rebootPolicy === "always" || (rebootPolicy === "if-needed" && (kind === "needed" || mode === "boot"));
  const made = isDue && kind !== "not-applicable" && (mode === "switch" || mode === "boot");
  return { kind, reasons: [...reasons], made };
}

/** What is done to units, as far as anything is done before the next boot. */
export function planUnitChanges(
  machineClass: MachineClass,
  { policy }: DeclaredSystem,
  systems: SeenSystems | undefined,
  silence: string | undefined,
): UnitsPlan {
  if (policy.mode === "boot") return { kind: "at-boot", why: "mode boot" };
  if (policy.mode === "dry") return { kind: "at-boot", why: "mode dry: nothing is switched to" };
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  const { wanted, host, units, launchd } = systems;
  if (machineClass === "darwin") {
    if (launchd === undefined) return unknown("the host could not tell in time what launchd has");
    return knownUnits(planLaunchd(launchd.host, launchd.wanted), null);
  }
  const { mustNotSwitch } = decideReboot(host?.booted, host?.running, wanted.kernel);
  if (mustNotSwitch.length > 0) return { kind: "at-boot", why: mustNotSwitch.join("; ") };
  if (units === undefined || host?.running === undefined)
    return unknown("the host could not tell in time what its units are");
  return knownUnits(planUnits(units.host, units.wanted), systems.dryActivation ?? null);
}

function knownUnits(
  { stop, start, restart, reload, keep, unsure }: UnitChanges,
  dryActivation: readonly string[] | null,
): UnitsPlan {
  return {
    kind: "known",
    stop: [...stop],
    start: [...start],
    restart: [...restart],
    reload: [...reload],
    keep: [...keep],
    unsure: [...unsure],
    dryActivation: dryActivation && [...dryActivation],
  };
}

function unknown(why: string): NotKnown {
  return { kind: "unknown", why };
}
