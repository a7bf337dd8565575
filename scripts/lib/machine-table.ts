import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { renderTable } from "../../cli/render-table.ts";

/** The stack's output `machines`. */
export const machinesSchema = z.record(
  z.string(),
  z.looseObject({
    class: z.string(),
    outcome: z.string(),
    /** Store path that the machine runs; absent: nobody could ask it. */
    toplevel: z.string().nullish(),
    /** Duration of the deployment; absent: there was none. */
    seconds: z.number().nullish(),
    /** Why the update left the machine alone; absent: it did not. */
    reason: z.string().nullish(),
  }),
);

type Machines = z.output<typeof machinesSchema>;

/**
 * What the update did. The output tells of each machine's last deployment, so a row that is as before, to the fraction
 * of its seconds, was not deployed; other outcomes than `switched` still hold and are kept.
 */
export function sinceUpdate(before: Machines, after: Machines): Machines {
  const rows = Object.entries(after).map(([name, row]) => {
    const untouched = row.outcome === "switched" && isDeepStrictEqual(row, before[name]);
    return [name, untouched ? { ...row, outcome: "unchanged", seconds: null } : row] as const;
  });
  return Object.fromEntries(rows);
}

const head = ["machine", "class", "outcome", "toplevel", "seconds"];

/** The machines as a table, one a line, in columns as wide as their widest cell. */
export function renderMachineTable(machines: Machines): string {
  const rows = Object.entries(machines).map(([name, machine]) => [
    name,
    machine.class,
    machine.outcome,
    machine.toplevel ?? "-",
    machine.seconds?.toFixed(1) ?? "-",
    machine.reason ?? "",
  ]);
  return renderTable([...head, ""], rows);
}
