import type { Row } from "./row.ts";
import { contactRows } from "./rows/contact.ts";
import { deploymentRows } from "./rows/deployments.ts";
import { failureRows } from "./rows/failures.ts";
import { rebootRows } from "./rows/reboots.ts";
import type { Found, Target } from "./target.ts";

/** The fault table, in the order in which it is tried. */
export const rows: readonly Row[] = [...deploymentRows, ...failureRows, ...contactRows, ...rebootRows];

/** A row, and why it cannot be tried on this host. */
export interface PlannedRow {
  readonly row: Row;
  /** Absent: it is tried. */
  readonly skipped?: string;
}

/**
 * Decides which rows are tried; touches nothing.
 * @param only - ids; none: all.
 */
export function planRows(
  target: Pick<Target, "facts" | "boot" | "hasEtcImage">,
  found: Pick<Found, "toplevel" | "booted">,
  options: { readonly only: readonly string[]; readonly reboots: boolean; readonly direct: boolean },
): readonly PlannedRow[] {
  return rows
    .filter(({ id }) => options.only.length === 0 || options.only.includes(id))
    .map((row) => {
      const skipped = reasonToSkip(row, target, found, options);
      return skipped === undefined ? { row } : { row, skipped };
    });
}

function reasonToSkip(
  row: Row,
  { facts, boot, hasEtcImage }: Pick<Target, "facts" | "boot" | "hasEtcImage">,
  { toplevel, booted }: Pick<Found, "toplevel" | "booted">,
  { reboots, direct }: { readonly reboots: boolean; readonly direct: boolean },
): string | undefined {
  const machineClass = facts.class;
  if (machineClass === "other" || !row.classes.includes(machineClass)) {
    return row.elsewhere ?? `not on ${machineClass}`;
  }
  if (row.changesUnits && hasEtcImage)
    return "its /etc is an image (system.etc.overlay): no unit can be added to a copy";
  if (row.forwards && !direct) return "it is reached through another host: this process does not hold the connection";
  if (!row.reboots) return undefined;
  if (!reboots) return "--no-reboots";
  if (!facts.bootable || facts.boot.kind === "none") return "it has no loader of its own";
  if (boot?.mayAskPassphrase === true) return "its root may ask for a passphrase, and nobody is there to type it";
  // What was booted could not be brought back.
  return booted === toplevel ? undefined : "another system was booted than runs: a reboot would change its kernel";
}
