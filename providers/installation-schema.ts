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
  /** Public keys of the system that is replaced, and where each comes from. */
  foreignHostKeys: z.array(pinnedHostKeySchema),
  /** Store path of the system that is installed. */
  toplevel: storePath,
  /** `/nix/store/<hash>-<name>.drv` on the operator's machine. */
  drvPath: z.string().min(1),
  /** disko's script of the machine, and the disks that it formats. */
  disko: diskoSchema,
  /** machine-id or cloud id of a NixOS that is to be wiped; it serves once. */
  reinstall: z.string().min(1).optional(),
  /** The cloud's id of the VM; another one is another machine with empty disks. */
  instanceId: z.string().min(1).optional(),
  /** Folder whose files come with the installation, as root's. */
  files: z.string().min(1).optional(),
  /** Keys of encrypted disks: path in the installer → file of the operator's. */
  diskKeys: z.record(z.string(), z.string()),
  /** nixos-anywhere: a name in PATH, or a path. */
  program: z.string().min(1),
  /** Archive of the installer, a file or URL. Absent: the one that nixos-anywhere names. */
  kexec: z.string().min(1).optional(),
  /** How long each phase may take, in seconds. */
  deadlines: installationDeadlinesSchema.partial().optional(),
  /** What of the clan's vars comes with the installation, by digests of what is encrypted; null: nothing. */
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
