import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sealArmored } from "./age/age-file.ts";
import type { OperatorKeys } from "./age/operator-keys.ts";
import { filesNaming } from "./former-recipients.ts";
import { openSecret } from "./open-secret.ts";
import { sealSopsBinary } from "./sops/sops-binary.ts";
import { readSopsMetadata } from "./sops/sops-metadata.ts";
import { there } from "./write-vars.ts";

interface Opened {
  readonly path: string;
  readonly content: Uint8Array;
  /** Recipients beside the machine. */
  readonly others: readonly string[];
}

/** A machine's other key, for everything that it can open. */
export interface Resealing {
  /** Relative to the clan's folder. */
  readonly paths: readonly string[];
  /** Files outside clan's folders that name the present key, and that only their owners can encrypt anew. */
  readonly others: readonly string[];
  /** Encrypts for the new key; what others can open stays theirs. */
  write(next: string): Promise<void>;
}

/**
 * Opens everything that a machine can open, before its key is replaced: an operator who cannot open one changes none.
 * @param former - public halves of the machine's present key.
 * @throws {SecretIdentityError} @throws {SecretFileError}
 */
export async function prepareResealing(
  root: string,
  machine: string,
  former: readonly string[],
  keys: OperatorKeys,
  signal: AbortSignal,
): Promise<Resealing> {
  const opened: Opened[] = [];
  for (const path of await secretsOf(root, machine)) {
    const recipients = readSopsMetadata(await readFile(join(root, path), "utf8"))?.age.map((key) => key.recipient);
    const content = await openSecret(root, { path, cipher: "sops" }, machine, keys, signal);
    opened.push({ path, content, others: (recipients ?? []).filter((recipient) => !former.includes(recipient)) });
  }
  return {
    paths: opened.map(({ path }) => path),
    others: await filesNaming(root, former),
    async write(next) {
      for (const { path, content, others } of opened) {
        const text = await sealSopsBinary(content, [...new Set([...others, next])], sealArmored, new Date());
        await writeFile(join(root, `${path}.new`), text);
        await rename(join(root, `${path}.new`), join(root, path));
      }
    },
  };
}

/**
 * Secrets whose links name the machine, itself or by a group, relative to the clan's folder.
 * Source: clan-core 26.05, `vars/…/<generator>/<file>/{secret,machines,groups}`, `sops/secrets/<name>/{secret,machines,groups}`.
 */
async function secretsOf(root: string, machine: string): Promise<string[]> {
  const found: string[] = [];
  for (const place of [`vars/per-machine/${machine}`, "vars/shared"])
    for (const generator of await names(join(root, place)))
      for (const file of await names(join(root, place, generator))) found.push(join(place, generator, file));
  for (const name of await names(join(root, "sops/secrets"))) found.push(join("sops/secrets", name));
  const linked = await Promise.all(found.map((path) => isFor(root, path, machine)));
  return found.filter((_path, index) => linked[index]).map((path) => join(path, "secret"));
}

async function isFor(root: string, path: string, machine: string): Promise<boolean> {
  if (await there(join(root, path, "machines", machine))) return true;
  const groups = (await there(join(root, path, "groups"))) ? await readdir(join(root, path, "groups")) : [];
  const members = groups.map((group) => there(join(root, "sops/groups", group, "machines", machine)));
  return (await Promise.all(members)).includes(true);
}

async function names(folder: string): Promise<readonly string[]> {
  if (!(await there(folder))) return [];
  return (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
}
