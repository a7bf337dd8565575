import { overlayPackages } from "../graph/overlay-packages.ts";
import type { Fleet } from "../read-fleet.ts";
import { adoptedRoot } from "./adopted-context.ts";
import { readPackageNames } from "./disk/clan-folders.ts";

/**
 * Names of packages that every machine of a fleet is to have: `pkgs/by-name`, and what a fleet's own overlays set. An overlay
 * whose names depend on what it is given is left out, and so are those of an adopted flake, which may be meant for others.
 */
export async function ownPackages(fleet: Fleet, signal: AbortSignal): Promise<readonly string[]> {
  if (fleet.kind === "adopted") return readPackageNames(adoptedRoot(fleet.flake.settings.tree));
  const { root, overlays } = fleet.evaluation;
  const [written, set] = await Promise.all([readPackageNames(root), overlayPackages(overlays, signal)]);
  return [...new Set([...written, ...set.flatMap((names) => names ?? [])])].sort();
}
