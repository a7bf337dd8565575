import { z } from "zod";
import type { KnownDeployment } from "../stack/plan/plan-machine.ts";
import { closureOutputsSchema } from "./system-closure-schema.ts";

/** A resource as a state has it. */
export interface StateResource {
  readonly type: string;
  readonly outputs?: unknown;
}

/** Source: @pulumi/pulumi 3.270, dynamic/index.js: `pulumi-nodejs:dynamic/<module>:<type>`. */
const closureType = "pulumi-nodejs:dynamic/clan:SystemClosure";

/** A state of any release: what is not there, or of another form, is not known. */
const keptSchema = closureOutputsSchema
  .pick({
    toplevel: true,
    running: true,
    specialisations: true,
    profile: true,
    nextBoot: true,
    marker: true,
    openTransaction: true,
    leftovers: true,
    power: true,
    owner: true,
    drift: true,
    outcome: true,
    generation: true,
    bootId: true,
    secretsDelivered: true,
    __madeFrom: true,
  })
  .partial();
const namedSchema = z.looseObject({
  machine: z.string(),
  policy: z.looseObject({ takeOver: z.boolean() }).catch({ takeOver: false }),
});

/** Machine → what a stack's state knows of its system. */
export function knownMachines(resources: readonly StateResource[]): ReadonlyMap<string, KnownDeployment> {
  const found = resources.flatMap(({ type, outputs }) => {
    const named = type === closureType ? namedSchema.safeParse(outputs).data : undefined;
    if (named === undefined) return [];
    const { __madeFrom: madeFrom, ...kept } = keptSchema.safeParse(outputs).data ?? {};
    return [[named.machine, { ...kept, madeFrom, takeOver: named.policy.takeOver }] as const];
  });
  return new Map(found);
}
