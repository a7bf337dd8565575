import { z } from "zod";
import type { RemoteCommand } from "../ssh/remote-command.ts";

const pathSchema = z
  .string()
  .max(1_000)
  .regex(
    /^(?:\/(?!\.{1,2}(?:\/|$))[^/\s\p{Cc}]+)+$/u,
    "expected an absolute path without ., .., white space and control characters",
  );
const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, "expected a user's or group's name or number");

/** Where a secret lies on the host, and whose it is there. */
export const secretTargetSchema = z.strictObject({
  path: pathSchema,
  /** Octal, three or four digits. */
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .default("0400"),
  owner: nameSchema.default("root"),
  /** Default: `0`, the group of root on Linux and macOS. */
  group: nameSchema.default("0"),
});
export type SecretTarget = z.output<typeof secretTargetSchema>;

/** A file whose content exists only in this process and on its way to the host. */
export interface SecretFile extends z.input<typeof secretTargetSchema> {
  /** Called once, when it is sent. Nothing keeps the bytes. */
  read(): Promise<Uint8Array>;
}

/** Where staged files lie on the host before anything is replaced. */
export interface StagedPaths {
  /** Folder of root's, 0700. */
  readonly folder: string;
  /** The staged file for a target; of an identity file the new identities only. */
  of(target: string): string;
}

/** What a machine's secrets shall be. */
export interface StagedSecrets {
  /** Changes when anything below changes; no content can be learned from it (a hash with a key, or of ciphertexts). */
  readonly digest: string;
  /**
   * Key files of one identity a line. Until the commit they hold the new and the previous identities, afterwards the new ones
   * only, after a rollback the previous ones.
   */
  readonly identities: readonly SecretFile[];
  /** Replaced one by one, in this order. */
  readonly files: readonly SecretFile[];
  /**
   * Key files that are users' own: the identities that such a file lacks are added, what else is in it stays. One whose user
   * or home is not there yet comes with a later deployment. Their group is that of their folder.
   */
  readonly userIdentities?: readonly SecretFile[];
  /** Keys of encrypted disks where the installer looks for them; for an installation alone. */
  readonly diskKeys?: readonly SecretFile[];
  /** Shows on the host that the staged identities open what the new system brings. Exit code 0; its words go into the outcome. */
  proveOpenable?(staged: StagedPaths): { readonly command: RemoteCommand; readonly deadlineSeconds?: number };
}

/** Where secrets come from. The engine knows no cipher. */
export interface SecretSource {
  stage(machine: string, signal: AbortSignal): Promise<StagedSecrets>;
}

/** Digest and targets, checked together before anything is sent. */
export const stagedSecretsSchema = z.object({
  digest: z.string().regex(/^[A-Za-z0-9+/=_:.-]{8,128}$/, "expected a digest of 8 to 128 characters"),
  identities: z.array(secretTargetSchema.loose()).max(20),
  files: z.array(secretTargetSchema.loose()).max(1_000),
  userIdentities: z.array(secretTargetSchema.loose()).max(200).optional(),
});
