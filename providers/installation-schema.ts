import { z } from "zod";
import { machineSecretsSchema } from "../clan/vars/machine-secrets.ts";
import { installationDeadlinesSchema } from "../deploy/installation/installation-request.ts";
import { pinnedHostKeySchema } from "../deploy/ssh/host-key.ts";
import { diskoSchema } from "../local-nix/disko-evaluation.ts";
import { isStorePath } from "../local-nix/store-path.ts";
import { closureInputsSchema } from "./system-closure-schema.ts";

const storePath = z.string().refine(isStorePath, "expected /nix/store/<hash>-<name>");
const way = closureInputsSchema.pick({
  machine: true,
  targetHost: true,
  address: true,
  identityFiles: true,
  hostKeys: true,
  hostKeyPolicy: true,
  jumpHosts: true,
  backEnd: true,
  connectDeadlineSeconds: true,
  owner: true,
  system: true,
  reportTo: true,
});

/** What a program declares for one machine's installation. Plain JSON: it is stored in the state and crosses gRPC. */
export const installationInputsSchema = z.object({
  ...way.shape,
  foreignHostKeys: z.array(pinnedHostKeySchema),
  toplevel: storePath,
  drvPath: z.string().min(1),
  disko: diskoSchema,
  reinstall: z.string().min(1).optional(),
  /** The cloud's id of the VM; another one is another machine with empty disks. */
  instanceId: z.string().min(1).optional(),
  files: z.string().min(1).optional(),
  diskKeys: z.record(z.string(), z.string()),
  program: z.string().min(1),
  kexec: z.string().min(1).optional(),
  deadlines: installationDeadlinesSchema.partial().optional(),
  secrets: machineSecretsSchema.nullable().default(null),
  /** `off`: the node under the machine is stopped on purpose, nothing is contacted. */
  power: z.enum(["on", "off"]),
});
export type InstallationInputs = z.output<typeof installationInputsSchema>;

/** What the installation was. */
export const installationFactsSchema = z.object({
  /** `installed` by a run of ours; `already`: it ran a NixOS; null: not yet. */
  installed: z.enum(["installed", "already"]).nullable(),
  /** Of the system that was found or made. */
  machineId: z.string().nullable(),
  /** Disks that were wiped. */
  wiped: z.array(z.string()),
  seconds: z.number(),
});
export type InstallationFacts = z.output<typeof installationFactsSchema>;
export type InstallationOutputs = InstallationInputs & InstallationFacts;
