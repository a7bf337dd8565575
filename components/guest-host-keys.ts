import { setTimeout as sleep } from "node:timers/promises";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type PinnedHostKey, pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";

/** The guest agent publishes the keys when the system has booted: half a minute to a minute. */
const deadlineSeconds = 240;
const pauseMs = 3_000;

/** What names a VM to Google. */
export interface NamedVm {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
}

/**
 * The keys that a VM's own system published as guest attributes `hostkeys/`: over Google's API, so nobody on the network
 * to the VM has a say. Source: Google's guest agent, "Storing host keys by enabling guest attributes".
 * @returns none when it published none until the deadline: what it shows is then not known, and it is refused.
 */
export async function readGuestHostKeys(vm: NamedVm, parent: pulumi.Resource): Promise<readonly PinnedHostKey[]> {
  const until = performance.now() + deadlineSeconds * 1000;
  for (;;) {
    const keys = await askOnce(vm, parent);
    if (typeof keys !== "string") return keys;
    if (performance.now() + pauseMs > until) {
      await pulumi.log.warn(`${vm.name}: no host key among its guest attributes: ${keys}`, parent);
      return [];
    }
    await sleep(pauseMs);
  }
}

/** @returns why there are none. */
async function askOnce({ project, zone, name }: NamedVm, parent: pulumi.Resource): Promise<PinnedHostKey[] | string> {
  try {
    const question = { project, zone, name, queryPath: "hostkeys/" };
    const { queryValues } = await gcp.compute.getInstanceGuestAttributes(question, { parent });
    const source = `guest attributes of ${name}`;
    const keys = queryValues.flatMap(({ key, value }) => {
      const pinned = pinnedHostKeySchema.safeParse({ key: `${key} ${value}`, source });
      return pinned.success ? [pinned.data] : []; // DSA, and whatever else cannot be pinned
    });
    return keys.length === 0 ? "none that can be pinned" : keys;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}
