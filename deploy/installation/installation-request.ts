import { z } from "zod";
import { ownerSchema, storePathSchema } from "../activation/transaction.ts";
import type { SecretSource } from "../secrets/secret-source.ts";
import { connectionSpecSchema } from "../ssh/connection-spec.ts";
import { installationPhases } from "./installation-facts.ts";

const seconds = z.int().min(5).max(86_400);

/** Bounds for what has none in `nixos-anywhere` itself. */
export const installationDeadlinesSchema = z.strictObject({
  /** From the foreign system to the answering installer, its download included. Default 900. */
  kexecSeconds: seconds.default(900),
  /** Partitions and file systems. Default 900. */
  diskoSeconds: seconds.default(900),
  /** Copying the closure, and the boot loader. Default 7200. */
  installSeconds: seconds.default(7_200),
  /** From the reboot to the answering system. Default 600. */
  rebootSeconds: seconds.default(600),
  /** Before the first phase: until a new VM's own system has published its host key. Default 240. */
  hostKeySeconds: seconds.default(240),
});
export type InstallationDeadlines = z.output<typeof installationDeadlinesSchema>;

const secretSource = z.custom<SecretSource>((value) => typeof value === "object" && value !== null && "stage" in value);

/** nixos-anywhere gives the path to a shell in the installer, unquoted. */
export const diskKeyPathSchema = z
  .string()
  .regex(/^\/[A-Za-z0-9._/-]+$/, "expected an absolute path of letters, digits and . _ -");

/** What shall be installed where. */
export const installationRequestSchema = z.strictObject({
  machine: z.string().min(1).max(200),
  /** Platform that the toplevel is built for. */
  system: z.string().regex(/^[a-z0-9_]+-[a-z0-9]+$/),
  /** The way to what answers now, with the keys of the foreign system. */
  foreign: connectionSpecSchema,
  /** The way to the installed system, with its declared keys. */
  installed: connectionSpecSchema,
  /** In the operator's store. */
  diskoScript: storePathSchema,
  toplevel: storePathSchema,
  /** What the disko script wipes. */
  devices: z.array(z.string().regex(/^\/dev\/[^\s]+$/, "expected a path below /dev")).max(100),
  /** machine-id or cloud id of the NixOS that may be wiped; serves once. */
  reinstall: z.string().min(1).max(200).optional(),
  /** The cloud's id of the VM. */
  instanceId: z.string().min(1).max(200).optional(),
  owner: ownerSchema.omit({ machine: true }),
  /** Host key, age key and what else the machine must have at its first boot. Later deployments bring the same. */
  secrets: secretSource.optional(),
  /** Files of root's that come with the installation alone; they win over secrets. */
  files: secretSource.optional(),
  /** Path in the installer → local file with the key of an encrypted disk. */
  diskKeys: z.record(diskKeyPathSchema, z.string().min(1)).default({}),
  /** false: nobody agreed to a phase, as none was to come; one that comes after all is refused. */
  agreed: z.boolean().default(true),
  /** The last phase of this run. Default: all of them. */
  until: z.enum(installationPhases).default("reboot"),
  /** Local file for `facter.json`, written by the installer before anything is wiped. */
  hardwareReport: z.string().min(1).optional(),
  /** `nixos-anywhere`, and arguments before ours. */
  command: z.tuple([z.string().min(1)], z.string()).default(["nixos-anywhere"]),
  /** Installer's archive instead of the released one. */
  kexec: z.string().min(1).optional(),
  deadlines: installationDeadlinesSchema.default(() => installationDeadlinesSchema.parse({})),
});
export type InstallationRequest = z.output<typeof installationRequestSchema>;

/** How an installation ended. What did not lead to one of these is an error. */
export interface Installation {
  /** `already`: it runs a NixOS, which was left alone; `stopped`: after the phase that was asked for. */
  readonly kind: "installed" | "already" | "stopped";
  readonly machine: string;
  /** Phases of this run. */
  readonly phases: readonly z.output<typeof installationRequestSchema>["until"][];
  /** Disks that this run wiped, e.g. `/dev/sda (107 GB)`. */
  readonly wiped: readonly string[];
  /** Of the system that answers now; an installer has the one of the system before. */
  readonly machineId: string | null;
  readonly bootId: string;
  /** The running system, where it is a NixOS. */
  readonly current: string | null;
}
