import { z } from "zod";
import type { Known, KnownDeployment } from "../stack/plan/plan-machine.ts";
import { closureType } from "../stack/stack-state.ts";
import { closureOutputsSchema, comparedKeys } from "./system-closure-schema.ts";

/** A state of any release: what is not there, or of another form, is not known. */
const keptSchema = closureOutputsSchema
  .pick({
    ...comparedKeys,
    toplevel: true,
    outcome: true,
    generation: true,
    bootId: true,
    instanceId: true,
    targetHost: true,
    formerOwners: true,
    __madeFrom: true,
  })
  .partial();
const namedSchema = z.looseObject({
  machine: z.string(),
  policy: z.looseObject({ takeOver: z.boolean() }).catch({ takeOver: false }),
});

/** The same, for the plan of each machine. */
export function knownBy(resources: Parameters<typeof knownMachines>[0]): (machine: string) => Known {
  const machines = knownMachines(resources);
  return (machine) => {
    const deployment = machines.get(machine);
    return deployment === undefined ? { kind: "none" } : { kind: "known", deployment };
  };
}

/** Machine → what a stack's state knows of its system. */
export function knownMachines(
  resources: readonly { readonly type: string; readonly outputs?: unknown }[],
): ReadonlyMap<string, KnownDeployment> {
  const found = resources.flatMap(({ type, outputs }) => {
    const named = type === closureType ? namedSchema.safeParse(outputs).data : undefined;
    if (named === undefined) return [];
    const { __madeFrom: madeFrom, ...kept } = keptSchema.safeParse(outputs).data ?? {};
    return [[named.machine, { ...kept, madeFrom, takeOver: named.policy.takeOver }] as const];
  });
  return new Map(found);
}
