import { formerHostKeys } from "../providers/former-host-keys.ts";
import { formerOwners } from "../providers/former-owners.ts";
import type { Delivery, StackOwner, Way } from "../stack/delivery.ts";
import { PulumiCliError } from "../stack/pulumi-cli.ts";
import { closuresOf, readStackState } from "../stack/stack-state.ts";

/** What only the stack's state knows of hosts. A deployment does without where the state cannot be had. */
export interface KnownByState {
  /** The key that a host still shows while it is rotated, and the stack that its machine was moved from. */
  former(way: Way, owner: StackOwner): Pick<Delivery, "formerHostKeys" | "formerOwners">;
  /** Why the state could not be read; absent: it was. */
  readonly unread?: string;
}

/** A backend that is down must not hold up who deploys without it. */
const deadlineMs = 10_000;

export async function readKnownByState(root: string, stack: string, signal: AbortSignal): Promise<KnownByState> {
  try {
    const closures = closuresOf(await readStackState(root, stack, signal, deadlineMs));
    return {
      former: ({ machine, hostKeys }, owner) => {
        const known = closures.get(machine);
        return { formerHostKeys: formerHostKeys(known, hostKeys), formerOwners: formerOwners(known, owner) };
      },
    };
  } catch (error) {
    if (!(error instanceof PulumiCliError)) throw error;
    return { former: () => ({}), unread: error.facts.found };
  }
}
