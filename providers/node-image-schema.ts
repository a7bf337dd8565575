import { z } from "zod";
import { systemImageSchema } from "../local-nix/image-evaluation.ts";

/** What a program declares for the image of one VM. Plain JSON: it is stored in the state and crosses gRPC. */
export const nodeImageInputsSchema = z.object({
  machine: z.string().min(1),
  bucket: z.string().min(1),
  /** null: the VM is there, and its image was made when it was. */
  build: systemImageSchema.nullable(),
  /** Keeps what is built from garbage collection. */
  owner: z.object({ project: z.string().min(1), stack: z.string().min(1) }),
  /** Pulumi resource whose line shows the progress. */
  reportTo: z.string(),
});
export type NodeImageInputs = z.output<typeof nodeImageInputsSchema>;

/** Loose: Pulumi's own keys such as `__provider` pass through. */
export const nodeImageOutputsSchema = z.looseObject({
  machine: z.string(),
  bucket: z.string(),
  /** In the bucket: `<machine>-<hash>.raw.tar.gz`. */
  object: z.string(),
  /** As Compute Engine reads it. */
  source: z.string(),
});
export type NodeImageOutputs = NodeImageInputs & { readonly object: string; readonly source: string };
