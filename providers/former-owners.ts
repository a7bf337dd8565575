import { z } from "zod";
import type { StackOwner } from "../stack/delivery.ts";

const owner = z.object({ project: z.string(), stack: z.string() });
const knownSchema = z
  .object({ owner: owner.optional().catch(undefined), formerOwners: z.array(owner).catch([]) })
  .catch({ owner: undefined, formerOwners: [] });

/**
 * Stacks that a machine was moved from. A stack's state names another stack as the owner only where the resource came from
 * there, by `fleet move` or `pulumi stack rename`: then the mark on the host may still be that stack's, and is taken over.
 * @param olds - the state of any release.
 */
export function formerOwners(olds: unknown, declared: StackOwner): StackOwner[] {
  const { owner: last, formerOwners: former } = knownSchema.parse(olds);
  const others = [...former, ...(last === undefined ? [] : [last])].filter((one) => !isSame(one, declared));
  return [...new Map(others.map((one) => [`${one.project}/${one.stack}`, one])).values()];
}

/** @param mark - the one on the host; absent: none, or it was not seen. @returns those whose mark may still be there. */
export function stillFormerOwners(
  former: readonly StackOwner[],
  mark: StackOwner | "unreadable" | undefined,
): StackOwner[] {
  const isReplaced = mark !== undefined && mark !== "unreadable" && !former.some((one) => isSame(one, mark));
  return isReplaced ? [] : [...former];
}

function isSame(left: StackOwner, right: StackOwner): boolean {
  return left.project === right.project && left.stack === right.stack;
}
