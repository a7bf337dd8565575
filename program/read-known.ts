import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { knownMachines } from "../providers/known-machines.ts";
import type { Known } from "../stack/plan/plan-machine.ts";

const answerSchema = z.looseObject({
  outputs: z.record(z.string(), z.looseObject({ type: z.string(), outputs: z.unknown().optional() })),
});

/** Machine → what the last update of this very stack left in its state. */
export type ReadKnown = (machine: string) => Known;

/**
 * Asks the engine, which has the state at hand while it runs the program.
 * Source: pulumi 3.250, pkg/resource/deploy/builtins.go, `readStackResourceOutputs`; it is what a StackReference asks, and
 * was seen to answer for the stack that is being updated, and to leave nothing in the state when asked in a preview.
 */
export async function readKnown(): Promise<ReadKnown> {
  try {
    const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const answer: unknown = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
    const known = knownMachines(Object.values(answerSchema.parse(answer).outputs));
    return (machine) => {
      const deployment = known.get(machine);
      return deployment === undefined ? { kind: "none" } : { kind: "known", deployment };
    };
  } catch (error) {
    // An engine that does not answer must not end a preview: the machines' plans say that reasons are not known.
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    return () => ({ kind: "unreadable", why: `the engine does not tell the stack's state: ${why}` });
  }
}
