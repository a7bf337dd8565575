import type { MachineClass } from "../../clan/fleet-model.ts";
import type { CopyPlan, PackagesPlan, RebootPlan, UnitsPlan } from "../../clan/plan/machine-plan.ts";
import { comparePackages } from "../../clan/plan/package-changes.ts";
import { decideReboot } from "../../deploy/boot/reboot-need.ts";
import { planUnits } from "../../deploy/units/plan-units.ts";
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

export function planCopy(systems: SeenSystems | undefined, silence: string | undefined): CopyPlan {
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  const missing = systems.host?.missing;
  if (missing === undefined) return unknown("the host could not tell in time what it has");
  const lacking = systems.wanted.closure.filter(({ path }) => missing.has(path));
  return { kind: "known", paths: lacking.length, bytes: lacking.reduce((sum, { narSize }) => sum + narSize, 0) };
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
  if (machineClass === "darwin") return unknown("what launchd is told to do is not foretold");
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  const { wanted, host, units } = systems;
  const { mustNotSwitch } = decideReboot(host?.booted, host?.running, wanted.kernel);
  if (mustNotSwitch.length > 0) return { kind: "at-boot", why: mustNotSwitch.join("; ") };
  if (units === undefined || host?.running === undefined)
    return unknown("the host could not tell in time what its units are");
  const { stop, start, restart, reload, keep, unsure } = planUnits(units.host, units.wanted);
  return {
    kind: "known",
    stop: [...stop],
    start: [...start],
    restart: [...restart],
    reload: [...reload],
    keep: [...keep],
    unsure: [...unsure],
    dryActivation: systems.dryActivation === undefined ? null : [...systems.dryActivation],
  };
}

function unknown(why: string): NotKnown {
  return { kind: "unknown", why };
}
