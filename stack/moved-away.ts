import { machinesOf, type StackFile } from "../clan/checks/disk/stack-files.ts";
import type { SelectableMachines } from "../clan/select-machines.ts";
import { MoveError } from "./plan-move.ts";
import type { Stack } from "./stack.ts";

/**
 * Machines that the stack's state has, its file has no more, and another stack's file has now: an update would delete their
 * nodes with all that is on them, and the other stack would make new ones.
 * @param deployed - machines of the state. @param files - every stack's file, this one among them.
 */
export function movedAway(
  deployed: readonly string[],
  owned: readonly string[],
  machines: SelectableMachines,
  { name, file, config }: Stack,
  files: readonly StackFile[],
): MoveError[] {
  // Look-alikes of another builder lie on other hosts: the same name means another machine there.
  const others = files.filter((one) => one.file !== file && one.systemBuilder === config.systemBuilder);
  return deployed
    .filter((machine) => !owned.includes(machine))
    .flatMap((machine) => {
      const to = others.filter((one) => machinesOf(one, machines)?.includes(machine)).map((one) => one.file);
      return to.length === 0 ? [] : [notMoved(machine, name, file, to)];
    });
}

function notMoved(machine: string, stack: string, file: string, to: readonly string[]): MoveError {
  const named = to.join(" and ");
  const moves = to.map((one) => `fleet move ${machine} --to ${/^Pulumi\.(.+)\.yaml$/.exec(one)?.[1] ?? one}`);
  return new MoveError({
    summary: `${machine} is now in ${named}, and still in the state of stack ${stack}`,
    expected:
      "its resources in the state of the stack that has it: an update here would delete them, a cloud node with its disk",
    found: `${file} leaves ${machine} out`,
    at: file,
    fix: `${moves.join(", or ")}; to give it up here all the same, take it out of ${named} first`,
  });
}
