import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isNative, recipientOf } from "../clan/vars/age/age-file.ts";
import { findOperatorKeys, type OperatorKeys } from "../clan/vars/age/operator-keys.ts";
import { sshRecipient } from "../clan/vars/age/ssh-recipient.ts";
import { SecretFileError, SecretIdentityError } from "../clan/vars/errors.ts";
import {
  type EncryptedDiskKey,
  type EncryptedFile,
  type MachineSecrets,
  notGenerated,
  type UserKeyOfHome,
} from "../clan/vars/machine-secrets.ts";
import { lackingKey, openSecret, requireRecipient } from "../clan/vars/open-secret.ts";
import { proveSopsFiles } from "../deploy/secrets/prove-sops.ts";
import type { SecretFile, SecretSource, StagedSecrets } from "../deploy/secrets/secret-source.ts";
import type { StorePath } from "../local-nix/store-path.ts";

/** One machine's secrets, and the system that shall use them. */
export interface SecretsOfMachine {
  readonly machine: string;
  readonly secrets: MachineSecrets;
  readonly toplevel: StorePath;
  /** Public SSH keys of the host: sops-nix may use their private halves. */
  readonly hostKeys: readonly { readonly key: string }[];
}

/**
 * The clan's vars as what the deployment brings to the host. Each secret is decrypted when it is sent, in this process, with
 * the operator's keys; the host that has them already costs none of it.
 * @param findKeys - tests look elsewhere than in the operator's home.
 */
export function clanSecrets(
  { machine, secrets, toplevel, hostKeys }: SecretsOfMachine,
  findKeys: () => Promise<OperatorKeys> = () => findOperatorKeys(undefined, secrets.identity.cipher),
): SecretSource {
  return {
    async stage(_machine, signal): Promise<StagedSecrets> {
      let keys: Promise<OperatorKeys> | undefined;
      const open = async (file: EncryptedFile, more: readonly string[] = []): Promise<Uint8Array> => {
        await requireApproved(machine, secrets.root, file);
        await requireRecipient(secrets.root, file, machine, secrets.recipients);
        keys ??= findKeys();
        return await openSecret(secrets.root, file, machine, (await keys).with(more), signal);
      };
      const { identity, recipients, files, digest, userKeys, diskKeys } = secrets;
      const host = hostKeys.flatMap(({ key }) => sshRecipient(key) ?? []);
      let own: Promise<readonly string[]> | undefined;
      const ownKey = (): Promise<readonly string[]> => {
        const whose = { machine, of: machine, place: join(secrets.root, identity.path), recipients };
        own ??= open(identity).then((content) => identitiesIn(content, whose));
        return own;
      };
      // Clan's age back end encrypts a machine's secrets to the machine alone, and its key to the users.
      const isTwofold = identity.cipher === "age";
      const opened = async (file: EncryptedFile): Promise<Uint8Array> => open(file, isTwofold ? await ownKey() : []);
      return {
        digest,
        identities: [asFile(identity, async () => linesOf(await ownKey()))],
        files: files.map((file) => asFile(file, () => opened(file))),
        userIdentities: userKeys.flatMap((key) => {
          const read = async () => linesOf(await userIdentities(machine, key, { open, keys: findKeys }));
          const { user: owner, path, recipients: whose } = key;
          return whose.length === 0 ? [] : [{ path, owner, mode: "0600", read }];
        }),
        ...(diskKeys === undefined ? {} : { diskKeys: diskKeys.map((key) => diskKeyFile(machine, key, opened)) }),
        proveOpenable: () => ({ command: proveSopsFiles(toplevel, identity.target, { key: recipients, host }) }),
      };
    },
  };
}

/**
 * What the operator lacks to send a machine's secrets, told without opening any.
 * @returns undefined: nothing, or it cannot be told.
 */
export async function lackingIdentity(
  machine: string,
  { root, identity, files, userKeys }: MachineSecrets,
  findKeys: () => Promise<OperatorKeys> = () => findOperatorKeys(undefined, identity.cipher),
): Promise<SecretIdentityError | undefined> {
  const keys = await findKeys();
  // The files of the age back end are opened with the machine's own key.
  for (const file of identity.cipher === "age" ? [identity] : [identity, ...files]) {
    const lacking = await lackingKey(root, file, machine, keys);
    if (lacking !== undefined) return lacking;
  }
  for (const key of userKeys.filter(({ recipients }) => recipients.length > 0)) {
    const { kept, recipients } = key;
    const lacking = kept === undefined ? undefined : await lackingKey(root, kept, machine, keys);
    if (lacking !== undefined) return lacking;
    if (kept === undefined && (await keys.identitiesOf(recipients)).length === 0) return notYours(machine, key, keys);
  }
  return undefined;
}

function asFile({ target, owner, group, mode }: EncryptedFile, read: () => Promise<Uint8Array>): SecretFile {
  return {
    path: target,
    read,
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode }),
  };
}

/** @throws {VarsMissingError} when it is read: only an installation does. */
function diskKeyFile(
  machine: string,
  { sha256, ...key }: EncryptedDiskKey,
  open: (file: EncryptedFile) => Promise<Uint8Array>,
): SecretFile {
  return {
    path: key.target,
    read: () => (sha256 === null ? Promise.reject(notGenerated(machine, [key.path])) : open({ ...key, sha256 })),
  };
}

/** What was approved in the preview is what is delivered. @throws {SecretFileError} */
async function requireApproved(machine: string, root: string, { path, sha256 }: EncryptedFile): Promise<void> {
  const content = await readFile(join(root, path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const found = content === undefined ? undefined : createHash("sha256").update(content).digest("hex");
  if (found === sha256) return;
  throw new SecretFileError({
    summary: `${machine}: a secret was changed since the preview`,
    expected: `sha256 ${sha256}`,
    found: found === undefined ? "no such file" : `sha256 ${found}`,
    at: join(root, path),
    fix: "run it again: the new preview is about the new secret",
  });
}

/** One a line, as a key file has them. */
function linesOf(identities: readonly string[]): Uint8Array {
  return Buffer.from(`${identities.join("\n")}\n`);
}

/** From where the clan keeps it, else the operator's own. @throws {SecretIdentityError} @throws {SecretFileError} */
async function userIdentities(
  machine: string,
  { user, path, recipients, kept }: UserKeyOfHome,
  from: { open(file: EncryptedFile): Promise<Uint8Array>; keys(): Promise<OperatorKeys> },
): Promise<readonly string[]> {
  if (kept !== undefined)
    return await identitiesIn(await from.open(kept), { machine, of: user, place: kept.path, recipients });
  const keys = await from.keys();
  const own = await keys.identitiesOf(recipients);
  if (own.length > 0) return own;
  throw notYours(machine, { user, path, recipients }, keys);
}

function notYours(machine: string, { user, path, recipients }: UserKeyOfHome, keys: OperatorKeys): SecretIdentityError {
  return new SecretIdentityError({
    summary: `${machine}: the key of ${user} is to be brought to ${path}, and you do not have it`,
    expected: `the key of one of:\n${recipients.join("\n")}`,
    found: `keys were looked for in:\n${keys.searched.join("\n")}`,
    at: "pulumi-clan:userKeys",
    fix: `let ${user} deploy, or keep the key in the clan: clan secrets set ${user}-age.key --user <you>`,
  });
}

/** Whose an opened key file shall be. */
interface KeyFile {
  readonly machine: string;
  readonly of: string;
  readonly place: string;
  /** Empty: not known. */
  readonly recipients: readonly string[];
}

/** Only those that the clan publishes: with others nothing on the host would open. @throws {SecretFileError} */
async function identitiesIn(
  content: Uint8Array,
  { machine, of, place, recipients }: KeyFile,
): Promise<readonly string[]> {
  const words = Buffer.from(content).toString("utf8");
  const lines = (words.match(/AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/g) ?? []).filter(isNative);
  const own = await Promise.all(lines.map(recipientOf));
  if (lines.length > 0 && (recipients.length === 0 || own.some((one) => recipients.includes(one)))) return lines;
  throw new SecretFileError({
    summary: `${machine}: the age key of ${of} is not the one that the clan encrypts to`,
    expected: `the private half of ${recipients.join(" or ") || "an age key"}`,
    found: own.length === 0 ? "no age key" : `that of ${own.join(", ")}`,
    at: place,
    fix:
      of === machine
        ? `write the right one back from git, or make a new one: fleet vars generate ${machine} --regenerate`
        : "write the right one back from git",
  });
}
