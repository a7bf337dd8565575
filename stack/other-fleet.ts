import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Fleet } from "../clan/read-fleet.ts";
import { FleetError } from "../errors.ts";
import { checkOutCommit, findCommit } from "../local-nix/revision-tree.ts";
import type { Report } from "../report.ts";
import { givePackages } from "./give-packages.ts";
import { type FleetSource, openFleet } from "./open-fleet.ts";

/** Neither a folder nor a revision of the fleet's repository. */
export class OtherFleetError extends FleetError {
  readonly code = "FLEET_OTHER_FLEET";
}

/** The fleet that a command works on. */
export interface BaseFleet {
  /** Folder of `fleet.ts`, or of the adopted flake; null: a flake that is not on this machine. */
  readonly folder: string | null;
  readonly source: FleetSource;
}

/** A fleet beside the one that a command works on, gone at the end of its scope where it was checked out. */
export interface OtherFleet extends AsyncDisposable {
  readonly fleet: Fleet;
  /** A folder, or a commit. */
  readonly name: string;
}

/**
 * Reads the fleet at `where`: a folder, or a revision of the repository that the base fleet lies in. Written or adopted as
 * the base fleet is.
 * @throws {OtherFleetError} neither. @throws {FleetError} {FleetErrors} as reading any fleet.
 */
export async function openOther(
  where: string,
  { folder, source }: BaseFleet,
  report: Report,
  signal: AbortSignal,
): Promise<OtherFleet> {
  const open = (root: string): Promise<Fleet> =>
    openFleet(root, root, source.flake === undefined ? source : { ...source, flake: root }, undefined, report, signal);
  const asFolder = resolve(where);
  if (existsSync(asFolder) && statSync(asFolder).isDirectory())
    return { fleet: await open(asFolder), name: where, [Symbol.asyncDispose]: async () => undefined };
  const commit = folder === null ? undefined : await findCommit(folder, where, signal);
  if (folder === null || commit === undefined) throw neither(where, folder);
  await using cleanup = new AsyncDisposableStack();
  const tree = cleanup.use(await checkOutCommit(folder, commit, signal));
  if (source.flake === undefined) await givePackages(tree, folder);
  const fleet = await open(tree.folder);
  const kept = cleanup.move();
  return { fleet, name: `${where} (${commit.slice(0, 12)})`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function neither(where: string, folder: string | null): OtherFleetError {
  return new OtherFleetError({
    summary: `${where}: no folder and no revision`,
    expected:
      folder === null
        ? "a folder; the fleet itself is not on this machine"
        : "a folder, or a commit, branch or tag of git",
    found: `nothing is called so${folder === null ? "" : ` in the repository of ${folder}`}`,
    at: where,
    fix: "git log --oneline lists the fleet's revisions",
  });
}
