import type { FleetModel } from "../clan/fleet-model.ts";
import { StackConfigError } from "../clan/stack-config.ts";
import type { Stack } from "./stack.ts";

/**
 * Nodes that an update would delete with their disks, and that nobody named for it.
 * @param selected - machines of the stack
 * @param deployed - machines that the stack's state has; undefined: it cannot be told, then every absent node is asked about
 * @returns one error per node; none for a node that was never made, which has nothing to lose
 */
export function unconfirmedNodes(
  { nodes }: Pick<FleetModel, "nodes">,
  selected: readonly string[],
  { name, file, config }: Stack,
  deployed: readonly string[] | undefined,
): readonly StackConfigError[] {
  return selected.flatMap((machine) => {
    const node = Object.entries(nodes).find(([known]) => known === machine)?.[1];
    const { power, confirmDestroy } = config.nodes?.[machine] ?? {};
    if (node === undefined || power !== "absent" || confirmDestroy === machine) return [];
    if (deployed !== undefined && !deployed.includes(machine)) return [];
    const key = `pulumi-clan:nodes.${machine}.confirmDestroy`;
    return [
      new StackConfigError({
        summary: `${machine} is absent: its VM in ${node.project} would be deleted with its disk of ${node.diskSizeGb} GB`,
        expected: `confirmDestroy: ${machine}, for nothing brings the disk back; power: off stops the VM and keeps it`,
        found: confirmDestroy === undefined ? "no confirmation" : JSON.stringify(confirmDestroy),
        at: `${file}: ${key}`,
        fix: `pulumi config set --path '${key}' ${machine} --stack ${name}, and take it out again afterwards`,
      }),
    ];
  });
}
