import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sealArmored } from "./age/age-file.ts";
import type { OperatorKeys } from "./age/operator-keys.ts";
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
    async write(next) {
      for (const { path, content, others } of opened) {
        const text = await sealSopsBinary(content, [...new Set([...others, next])], sealArmored, new Date());
        await writeFile(join(root, `${path}.new`), text);
        await rename(join(root, `${path}.new`), join(root, path));
      }
    },
  };
}

/** Secrets whose links name the machine, relative to the clan's folder. */
async function secretsOf(root: string, machine: string): Promise<string[]> {
  const places = [`vars/per-machine/${machine}`, "vars/shared"];
  const found: string[] = [];
  for (const place of places) {
    for (const generator of await names(join(root, place))) {
      for (const file of await names(join(root, place, generator))) {
        const path = join(place, generator, file);
        if (await there(join(root, path, "machines", machine))) found.push(join(path, "secret"));
      }
    }
  }
  return found;
}

async function names(folder: string): Promise<readonly string[]> {
  if (!(await there(folder))) return [];
  return (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name);
}
