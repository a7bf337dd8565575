import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Report } from "../report.ts";
import { machinesIn, type StateResource } from "../stack/stack-state.ts";

const answerSchema = z.looseObject({
  outputs: z.record(z.string(), z.looseObject({ type: z.string(), outputs: z.unknown().optional() })),
});

/** What the last update of this very stack left in its state; `unreadable`: the engine does not tell it. */
export type EngineState =
  | {
      readonly kind: "read";
      readonly resources: readonly (Pick<StateResource, "urn" | "type"> & { readonly outputs?: unknown })[];
    }
  | { readonly kind: "unreadable"; readonly why: string };

/**
 * Asks the engine, which has the state at hand while it runs the program.
 * Source: pulumi 3.250, pkg/resource/deploy/builtins.go, `readStackResourceOutputs`, whose answer has URNs for keys; it is
 * what a StackReference asks, and was seen to answer for the stack that is being updated, and to leave nothing in the state
 * when asked in a preview. The engine and the SDK take some 3 ms a machine for it: a run asks once.
 */
export async function readEngineState(): Promise<EngineState> {
  try {
    const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
    const answer: unknown = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
    const { outputs } = answerSchema.parse(answer);
    return { kind: "read", resources: Object.entries(outputs).map(([urn, resource]) => ({ urn, ...resource })) };
  } catch (error) {
    // Whether not knowing is a reason to stop is for who asks.
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    return { kind: "unreadable", why: `the engine does not tell the stack's state: ${why}` };
  }
}

/** Machines that a stack's state has; undefined: it cannot be told, which is reported. */
export function deployedMachines(state: EngineState, report: Report): readonly string[] | undefined {
  if (state.kind === "read") return machinesIn(state.resources);
  report({ level: "warning", phase: "stack", message: `which machines the state has cannot be told: ${state.why}` });
  return undefined;
}
