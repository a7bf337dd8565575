import { z } from "zod";

/** What a program declares for the place of one VM. Plain JSON: it is stored in the state and crosses gRPC. */
export const placementInputsSchema = z.object({
  machine: z.string().min(1),
  project: z.string().min(1),
  /** Candidates, the preferred one first. */
  zones: z.array(z.string().min(1)).min(1, "expected one zone at least"),
  /** Named by the stack, taken without looking for room; null: the first candidate that has some. */
  zone: z.string().min(1).nullable(),
  machineType: z.string().min(1),
  accelerators: z.array(z.object({ type: z.string(), count: z.int().positive() })),
  /** Pulumi resource whose line shows the progress. */
  reportTo: z.string(),
});
export type PlacementInputs = z.output<typeof placementInputsSchema>;

/** Loose: Pulumi's own keys such as `__provider` pass through. */
export const placementOutputsSchema = z.looseObject({
  ...placementInputsSchema.shape,
  /** The one that the VM is in; kept while it is a candidate. */
  placedIn: z.string(),
  /** Name of the reservation that held room for it; null: none. It may be gone by now. */
  reservation: z.string().nullable(),
});
export type PlacementOutputs = PlacementInputs & { readonly placedIn: string; readonly reservation: string | null };
