import { z } from "zod";
import type { Cloud } from "./cloud.ts";
import { objectsAt, type Properties, textAt } from "./property-values.ts";

/** Room that is held in a zone. Source: Compute Engine REST v1, reservations. */
export const reservationSchema = z.object({
  name: z.string().regex(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/),
  specificReservationRequired: z.boolean().default(false),
  specificReservation: z.object({
    count: z.literal("1"),
    instanceProperties: z.object({
      machineType: z.string().min(1),
      guestAccelerators: z
        .array(z.object({ acceleratorType: z.string(), acceleratorCount: z.int().positive() }))
        .default([]),
    }),
  }),
  deleteAfterDuration: z.object({ seconds: z.string().regex(/^\d+$/) }).optional(),
});

export const reservationType = "compute#reservation";

export function reservationId(project: string, zone: string, name: string): string {
  return `projects/${project}/zones/${zone}/reservations/${name}`;
}

/** Whether room of this shape is held in the zone: a VM takes it by itself. */
export function hasRoom(cloud: Cloud, project: string, zone: string, inputs: Properties): boolean {
  const prefix = reservationId(project, zone, "");
  return Object.entries(cloud.resources).some(
    ([id, one]) => id.startsWith(prefix) && one.type === reservationType && shapeOf(one.inputs) === shapeOf(inputs),
  );
}

function shapeOf(inputs: Properties): string {
  const accelerators = objectsAt(inputs, "guestAccelerators").map(({ type, count }) => [lastPart(type), Number(count)]);
  return JSON.stringify([lastPart(textAt(inputs, "machineType")), accelerators]);
}

function lastPart(link: unknown): string {
  const text = String(link);
  return text.slice(text.lastIndexOf("/") + 1);
}
