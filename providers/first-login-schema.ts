import { z } from "zod";

/** What a program declares for the first login of one VM. Plain JSON: it is stored in the state and crosses gRPC. */
export const firstLoginInputsSchema = z.object({
  machine: z.string().min(1),
  project: z.string().min(1),
  zone: z.string().min(1),
  /** Google's id of the VM; another one has metadata of its own. */
  instanceId: z.string().min(1),
  /** Whether its system is the fleet's own by now. */
  installed: z.boolean(),
  /** Pulumi resource whose line shows the progress. */
  reportTo: z.string(),
});
export type FirstLoginInputs = z.output<typeof firstLoginInputsSchema>;

/** Loose: Pulumi's own keys such as `__provider` pass through. */
export const firstLoginOutputsSchema = z.looseObject({
  instanceId: z.string(),
  /** The keys of the first login are not in the VM's metadata any more. */
  closed: z.boolean(),
});
export type FirstLoginOutputs = FirstLoginInputs & { readonly closed: boolean };
