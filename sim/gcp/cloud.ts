import { join } from "node:path";
import { z } from "zod";
import { withLock } from "../hosts/lock.ts";
import { readIfThere, type SimState, writeAtomically } from "../hosts/sim-state.ts";
import type { Properties, PropertyValue } from "./property-values.ts";

const propertyValueSchema: z.ZodType<PropertyValue> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.number(),
    z.string(),
    z.array(propertyValueSchema),
    z.record(z.string(), propertyValueSchema),
  ]),
);
const propertiesSchema: z.ZodType<Properties> = z.record(z.string(), propertyValueSchema);

const cloudSchema = z.strictObject({
  schema: z.literal(1),
  /** Counts every resource ever made: source of numeric ids and of internal addresses. */
  made: z.int().nonnegative(),
  /** By id, e.g. `projects/p/zones/z/instances/n`. */
  resources: z.record(
    z.string(),
    z.strictObject({ type: z.string(), inputs: propertiesSchema, outputs: propertiesSchema }),
  ),
  /** What was done to instances behind everybody's back, the last first: the operations that the API lists. */
  events: z
    .array(
      z.strictObject({ targetId: z.string(), operationType: z.string(), user: z.string(), insertTime: z.string() }),
    )
    .optional(),
});
export type Cloud = z.output<typeof cloudSchema>;
export type CloudResource = Cloud["resources"][string];

/** The file that is the cloud; deleting an entry by hand is what deleting in Google's console is. */
export function cloudFile(state: SimState): string {
  return join(state.directory, "gcp.json");
}

/** @throws {z.ZodError} when the file is not a cloud. */
export async function readCloud(state: SimState): Promise<Cloud> {
  const text = await readIfThere(cloudFile(state));
  return text === undefined ? { schema: 1, made: 0, resources: {} } : cloudSchema.parse(JSON.parse(text));
}

/** Changes the cloud as one step: read, change, write, with no other change between. */
export async function changeCloud<T>(state: SimState, change: (cloud: Cloud) => T, signal: AbortSignal): Promise<T> {
  const path = cloudFile(state);
  return withLock(
    `${path}.lock`,
    async () => {
      const cloud = await readCloud(state);
      const result = change(cloud);
      await writeAtomically(path, `${JSON.stringify(cloud, null, 2)}\n`);
      return result;
    },
    signal,
  );
}
