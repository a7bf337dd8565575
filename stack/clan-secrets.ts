import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isNative, recipientOf } from "../clan/vars/age/age-file.ts";
import { findOperatorKeys, type OperatorKeys } from "../clan/vars/age/operator-keys.ts";
import { sshRecipient } from "../clan/vars/age/ssh-recipient.ts";
import { SecretFileError } from "../clan/vars/errors.ts";
import type { EncryptedFile, MachineSecrets } from "../clan/vars/machine-secrets.ts";
import { openSecret } from "../clan/vars/open-secret.ts";
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
  findKeys: () => Promise<OperatorKeys> = findOperatorKeys,
): SecretSource {
  return {
    async stage(_machine, signal): Promise<StagedSecrets> {
      let keys: Promise<OperatorKeys> | undefined;
      const open = async (file: EncryptedFile): Promise<Uint8Array> => {
        await requireApproved(machine, secrets.root, file);
        keys ??= findKeys();
        return await openSecret(secrets.root, file, machine, await keys, signal);
      };
      const { identity, recipients, files, digest } = secrets;
      const host = hostKeys.flatMap(({ key }) => sshRecipient(key) ?? []);
      return {
        digest,
        identities: [asFile(identity, async () => identityLines(await open(identity), machine, secrets))],
        files: files.map((file) => asFile(file, () => open(file))),
        proveOpenable: () => ({ command: proveSopsFiles(toplevel, identity.target, { key: recipients, host }) }),
      };
    },
  };
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

/**
 * One identity a line, as a key file has it, and only the one that the clan publishes: with another nothing on the host would
 * open. @throws {SecretFileError}
 */
async function identityLines(
  content: Uint8Array,
  machine: string,
  { root, identity, recipients }: MachineSecrets,
): Promise<Uint8Array> {
  const words = Buffer.from(content).toString("utf8");
  const lines = (words.match(/AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+/g) ?? []).filter(isNative);
  const own = await Promise.all(lines.map(recipientOf));
  if (lines.length > 0 && (recipients.length === 0 || own.some((one) => recipients.includes(one))))
    return Buffer.from(`${lines.join("\n")}\n`);
  throw new SecretFileError({
    summary: `${machine}: its age key is not the one that the clan encrypts to`,
    expected: `the private half of ${recipients.join(" or ") || "an age key"}`,
    found: own.length === 0 ? "no age key" : `that of ${own.join(", ")}`,
    at: join(root, identity.path),
    fix: `write the right one back from git, or make a new one: fleet vars generate ${machine} --regenerate`,
  });
}
