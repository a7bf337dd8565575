import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { readStackFiles } from "../clan/checks/disk/stack-files.ts";
import type { FleetModel } from "../clan/fleet-model.ts";
import { throwGathered } from "../errors.ts";
import type { Report } from "../report.ts";
import { movedAway } from "../stack/moved-away.ts";
import type { Stack } from "../stack/stack.ts";

const answerSchema = z.looseObject({ outputs: z.record(z.string(), z.unknown()) });

/**
 * Stops an update that would delete what was meant to be moved to another stack.
 * @throws {MoveError} gathered
 */
export async function requireMoved(
  root: string,
  { machines }: FleetModel,
  selected: readonly string[],
  stack: Stack,
  report: Report,
): Promise<void> {
  const files = await readStackFiles(root);
  if (files.length < 2) return;
  const deployed = await deployedMachines(report);
  // A guard that cannot look must not keep a fleet from its update.
  throwGathered(movedAway(deployed ?? [], selected, machines, stack, files));
}

/**
 * Machines that this stack's state has; undefined: it cannot be told. The engine has it at hand while it runs the program.
 * Source: pulumi 3.250, pkg/resource/deploy/builtins.go, `readStackResourceOutputs`; URNs are the keys of its answer.
 */
export async function deployedMachines(report: Report): Promise<readonly string[] | undefined> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const asked = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  const answer: unknown = await asked.catch((error: unknown) => {
    // Whether not knowing is a reason to stop is for the guard that asks.
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    report({ level: "warning", phase: "stack", message: `which machines the state has cannot be told: ${why}` });
    return undefined;
  });
  if (answer === undefined) return undefined;
  return Object.keys(answerSchema.parse(answer).outputs).flatMap((urn) => {
    const name = /(?:::|\$)clan:index:Machine::(.+)$/.exec(urn)?.[1];
    return name === undefined ? [] : [name];
  });
}
