import { setTimeout as sleep } from "node:timers/promises";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type PinnedHostKey, pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";
import { within } from "./within.ts";

/** What names a VM to Google. */
export interface NamedVm {
  readonly project: string;
  readonly zone: string;
  readonly name: string;
}

/** How long is asked, and how often. */
export interface Patience {
  /** The guest agent publishes the keys when the system has booted: half a minute to a minute. Default 240. */
  readonly deadlineSeconds?: number | undefined;
  /** Default 3000. */
  readonly pauseMs?: number | undefined;
}

/** Others than these two members say nothing about a key. */
const answerSchema = z.object({ queryValues: z.array(z.object({ key: z.string(), value: z.string() })) });

type Answer =
  | { readonly kind: "keys"; readonly keys: readonly PinnedHostKey[] }
  | { readonly kind: "none"; readonly reason: string; readonly isFinal: boolean };

/**
 * The keys that a VM's own system published as guest attributes `hostkeys/`: over Google's API, so nobody on the network
 * to the VM has a say. Source: Google's guest agent, "Storing host keys by enabling guest attributes".
 * @returns none when it published none until the deadline, or we may not know: what it shows is refused then.
 */
export async function readGuestHostKeys(
  vm: NamedVm,
  parent: pulumi.Resource,
  { deadlineSeconds = 240, pauseMs = 3_000 }: Patience = {},
): Promise<readonly PinnedHostKey[]> {
  const until = performance.now() + deadlineSeconds * 1000;
  for (;;) {
    const answer = await within(until - performance.now(), askOnce(vm, parent), noAnswer);
    if (answer.kind === "keys") return answer.keys;
    if (answer.isFinal || performance.now() + pauseMs > until) {
      const patience = answer.isFinal ? "" : ` after ${deadlineSeconds} s`;
      await pulumi.log.warn(`${vm.name}: no host key among its guest attributes${patience}: ${answer.reason}`, parent);
      return [];
    }
    await sleep(pauseMs);
  }
}

const noAnswer: Answer = { kind: "none", reason: "no answer", isFinal: false };

async function askOnce({ project, zone, name }: NamedVm, parent: pulumi.Resource): Promise<Answer> {
  const none = (reason: string, isFinal = false): Answer => ({ kind: "none", reason, isFinal });
  const question = { project, zone, name, queryPath: "hostkeys/" };
  const asked = gcp.compute.getInstanceGuestAttributes(question, { parent });
  const answer = await asked.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
  // Who is not allowed to ask is not told later either.
  if (answer instanceof Error) return none(answer.message.split("\n")[0] ?? "", /\bError 403\b/.test(answer.message));
  const { data } = answerSchema.safeParse(answer);
  if (data === undefined) return none("an answer that is none");
  const source = `guest attributes of ${name}`;
  const keys = data.queryValues.flatMap(({ key, value }) => {
    const pinned = pinnedHostKeySchema.safeParse({ key: `${key} ${value}`, source });
    return pinned.success ? [pinned.data] : []; // DSA, and whatever else cannot be pinned
  });
  return keys.length === 0 ? none("none that can be pinned") : { kind: "keys", keys };
}
