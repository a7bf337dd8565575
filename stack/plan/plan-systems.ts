import type { CopyPlan, PackagesPlan, RebootPlan } from "../../clan/plan/machine-plan.ts";
import { comparePackages } from "../../clan/plan/package-changes.ts";
import { decideReboot } from "../../deploy/boot/reboot-need.ts";
import type { SeenSystems } from "./look-for-plan.ts";

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

export function planReboot(systems: SeenSystems | undefined, silence: string | undefined): RebootPlan {
  if (systems?.wanted === undefined) return unknown(silence ?? notBuilt);
  const { host, wanted } = systems;
  const { kind, reasons } = decideReboot(host?.booted, host?.running, wanted.kernel);
  return kind === "unknown" ? unknown("what the host booted is not known") : { kind, reasons: [...reasons] };
}

function unknown(why: string): NotKnown {
  return { kind: "unknown", why };
}
