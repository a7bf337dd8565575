import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DeclaredGenerators, SecretSettings } from "./declared-secrets.ts";
import { VarsMissingError } from "./errors.ts";
import { pathPart } from "./path-part.ts";

const encryptedFileSchema = z.object({
  /** Relative to the clan's folder. */
  path: z.string().min(1),
  cipher: z.enum(["sops", "age"]),
  /** Of the ciphertext. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where it lies on the host, decrypted. */
  target: z.string().startsWith("/"),
  owner: z.string().exactOptional(),
  group: z.string().exactOptional(),
  mode: z.string().exactOptional(),
});

/** What a machine gets from the clan beside its system, without any content: plain JSON. */
export const machineSecretsSchema = z.object({
  /** The clan's folder. */
  root: z.string().min(1),
  /** Changes with every ciphertext and target; nothing can be learned from it. */
  digest: z.string().startsWith("sha256:"),
  /** The machine's age key. */
  identity: encryptedFileSchema,
  /** Public halves of that key. Empty: the clan does not say. */
  recipients: z.array(z.string()),
  /** Files that are needed before the key can be used, sorted by target. */
  files: z.array(encryptedFileSchema),
  /** Where homes look for the keys of their own secrets. */
  userKeys: z
    .array(
      z.object({
        user: z.string(),
        path: z.string().startsWith("/"),
        /** Public halves of the key that is brought; empty: the place is only looked at. */
        recipients: z.array(z.string()).default([]),
        /** Where the clan keeps it; absent: the operator has it. */
        kept: encryptedFileSchema.exactOptional(),
      }),
    )
    .default([]),
  /** Keys of encrypted disks, for an installation alone; absent: none are declared. `sha256` null: never generated. */
  diskKeys: z
    .array(encryptedFileSchema.extend({ sha256: encryptedFileSchema.shape.sha256.nullable() }))
    .exactOptional(),
});
export type MachineSecrets = z.output<typeof machineSecretsSchema>;
export type EncryptedFile = MachineSecrets["identity"];
export type EncryptedDiskKey = NonNullable<MachineSecrets["diskKeys"]>[number];
export type UserKeyOfHome = MachineSecrets["userKeys"][number];

/** Whose keys are brought: each home's to the user of its name, or home → user of the clan. Default: nobody's. */
export const userKeyDeliverySchema = z.union([
  z.enum(["look", "deliver"]),
  z.record(z.string().min(1), z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "expected a user of the clan")),
]);
export type UserKeyDelivery = Readonly<z.output<typeof userKeyDeliverySchema>>;

/** Keys that clan's modules use where a configuration says nothing. Source: clan-core 26.05, `nixosModules/clanCore/vars`. */
const defaultFolders = { sops: "/var/lib/sops-nix", age: "/etc/secret-vars" } as const;

/** What is known of a machine's configuration; nothing of one that was not evaluated. */
export interface Declared {
  readonly generators: DeclaredGenerators | null;
  readonly settings: SecretSettings | null;
}

/**
 * What one machine shall get. Only the key and what is needed before it: everything else lies encrypted in the closure.
 * Sources: clan-core 26.05, `sops/secrets/<m>-age.key/secret`, `secrets/age-keys/machines/<m>/key.age`.
 * @param root - the clan's folder.
 * @returns undefined where the clan keeps no key for the machine: nothing on such a host is touched.
 * @throws {VarsMissingError} something is declared and was never generated. @throws {SecretFileError} a name leads elsewhere
 */
export async function readMachineSecrets(
  root: string,
  machine: string,
  { generators, settings }: Declared,
  delivery: UserKeyDelivery = "look",
): Promise<MachineSecrets | undefined> {
  const key = await machineKey(root, machine, settings);
  if (key === undefined) return undefined;
  const files: EncryptedFile[] = [];
  const diskKeys: EncryptedDiskKey[] = [];
  const missing: string[] = [];
  for (const [generator, { share, files: declared }] of Object.entries(generators ?? {})) {
    for (const [name, file] of Object.entries(declared)) {
      const isDiskKey = file.neededFor === "partitioning";
      if (!file.secret || !file.deploy || !(isDiskKey || file.neededFor === "activation") || file.path == null)
        continue;
      const place = { generator: pathPart(machine, "generator", generator), file: pathPart(machine, "file", name) };
      const path = varPath({ machine: share ? null : machine, ...place, cipher: key.cipher });
      const sha256 = await digestOf(join(root, path));
      // A machine that is installed already does not need it any more.
      if (isDiskKey) diskKeys.push({ path, cipher: key.cipher, sha256: sha256 ?? null, target: file.path });
      else if (sha256 === undefined) missing.push(path);
      else files.push({ path, cipher: key.cipher, sha256, target: file.path, ...ownership(file) });
    }
  }
  if (missing.length > 0) throw notGenerated(machine, missing);
  files.sort((a, b) => (a.target < b.target ? -1 : 1));
  const recipients = await recipientsOf(root, machine, key.cipher);
  const userKeys = await userKeysOf(root, machine, settings, delivery);
  const digest = digestOfAll([key, ...files], userKeys);
  const more = diskKeys.length === 0 ? {} : { diskKeys };
  return { root, digest, identity: key, recipients, files, userKeys, ...more };
}

/** A home without secrets needs no key. @throws {VarsMissingError} whose is to be brought, and the clan does not know it. */
async function userKeysOf(
  root: string,
  machine: string,
  settings: SecretSettings | null,
  delivery: UserKeyDelivery,
): Promise<UserKeyOfHome[]> {
  const keys: UserKeyOfHome[] = [];
  for (const [user, { keyFile, secrets }] of Object.entries(settings?.homes ?? {})) {
    if (keyFile?.startsWith("/") !== true || secrets.length === 0) continue;
    const owner = typeof delivery === "string" ? user : Object.entries(delivery).find(([home]) => home === user)?.[1];
    if (delivery === "look" || owner === undefined) keys.push({ user, path: keyFile, recipients: [] });
    else keys.push({ user, path: keyFile, ...(await keyOfUser(root, machine, owner, keyFile)) });
  }
  return keys;
}

/** Source: clan-core 26.05, `sops/users/<user>/key.json`; the private half may be kept as a machine's is. */
async function keyOfUser(
  root: string,
  machine: string,
  user: string,
  target: string,
): Promise<Pick<UserKeyOfHome, "recipients" | "kept">> {
  const recipients = await publicKeys(join(root, "sops/users", pathPart(machine, "home", user), "key.json"));
  if (recipients.length === 0) throw unknownUser(root, machine, user);
  const path = `sops/secrets/${user}-age.key/secret`;
  const sha256 = await digestOf(join(root, path));
  return { recipients, ...(sha256 === undefined ? {} : { kept: { path, cipher: "sops", sha256, target } }) };
}

/** Whether the clan keeps a key for the machine; a look at its folder, no more. */
export async function keepsKeyOf(root: string, machine: string): Promise<boolean> {
  return (await machineKey(root, machine, null)) !== undefined;
}

/** A machine's age key as the clan publishes it, and where it lies on the host unless a configuration says otherwise. */
export interface PublishedKey {
  readonly path: string;
  readonly recipients: readonly string[];
}

/** @returns undefined where the clan keeps none for its sops back end: what the host has is not known. */
export async function readPublishedKey(root: string, machine: string): Promise<PublishedKey | undefined> {
  const key = await machineKey(root, machine, null);
  if (key?.cipher !== "sops") return undefined;
  return { path: key.target, recipients: await recipientsOf(root, machine, "sops") };
}

/** Public halves of a machine's key in clan's sops back end; none: it has no key. */
export async function readMachineKeys(root: string, machine: string): Promise<readonly string[]> {
  return await recipientsOf(root, machine, "sops");
}

/** Where the encrypted var lies, relative to the clan's folder. */
export function varPath(of: {
  readonly machine: string | null;
  readonly generator: string;
  readonly file: string;
  readonly cipher: "sops" | "age";
}): string {
  const place = join(of.machine === null ? "shared" : join("per-machine", of.machine), of.generator, of.file);
  return of.cipher === "sops" ? join("vars", place, "secret") : join("secrets/clan-vars", place, `${of.file}.age`);
}

async function machineKey(
  root: string,
  machine: string,
  settings: SecretSettings | null,
): Promise<EncryptedFile | undefined> {
  const stated = settings?.secretStore ?? null;
  const places = {
    sops: { path: `sops/secrets/${machine}-age.key/secret`, folder: settings?.uploadDirectory },
    age: { path: `secrets/age-keys/machines/${machine}/key.age`, folder: settings?.ageLocation },
  } as const;
  for (const cipher of ["sops", "age"] as const) {
    if (stated !== null && stated !== cipher) continue;
    const { path, folder } = places[cipher];
    const sha256 = await digestOf(join(root, path));
    if (sha256 === undefined) continue;
    return { path, cipher, sha256, target: join(folder ?? defaultFolders[cipher], "key.txt") };
  }
  return undefined;
}

const sopsKeySchema = z.object({ publickey: z.string(), type: z.string() });
const sopsKeysSchema = z.union([z.array(sopsKeySchema), sopsKeySchema.transform((key) => [key])]);

/** Public halves as the clan publishes them; one key, or in newer clans a list. */
async function recipientsOf(root: string, machine: string, cipher: "sops" | "age"): Promise<string[]> {
  if (cipher === "age") {
    const text = await readText(join(root, "secrets/age-keys/machines", machine, "pub"));
    return text === undefined ? [] : [text.trim()];
  }
  return await publicKeys(join(root, "sops/machines", machine, "key.json"));
}

async function publicKeys(path: string): Promise<string[]> {
  const text = await readText(path);
  const keys = text === undefined ? undefined : sopsKeysSchema.safeParse(jsonOf(text)).data;
  return (keys ?? []).filter(({ type }) => type === "age").map(({ publickey }) => publickey);
}

function ownership({ owner, group, mode }: DeclaredGenerators[string]["files"][string]) {
  return {
    ...(owner == null ? {} : { owner }),
    ...(group == null ? {} : { group }),
    ...(mode == null ? {} : { mode }),
  };
}

function digestOfAll(files: readonly EncryptedFile[], userKeys: readonly UserKeyOfHome[]): string {
  const hash = createHash("sha256");
  for (const { user, path, recipients, kept } of userKeys)
    if (recipients.length > 0) hash.update(`${JSON.stringify([user, path, recipients, kept?.sha256 ?? null])}\n`);
  for (const { sha256, target, owner, group, mode } of files)
    hash.update(`${JSON.stringify([sha256, target, owner, group, mode])}\n`);
  return `sha256:${hash.digest("hex")}`;
}

async function digestOf(path: string): Promise<string | undefined> {
  const content = await readBytes(path);
  return content === undefined ? undefined : createHash("sha256").update(content).digest("hex");
}

async function readText(path: string): Promise<string | undefined> {
  return (await readBytes(path))?.toString("utf8");
}

async function readBytes(path: string): Promise<Buffer | undefined> {
  return await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function unknownUser(root: string, machine: string, user: string): VarsMissingError {
  return new VarsMissingError({
    summary: `${machine}: the key of ${user} is to be brought, and the clan does not know it`,
    expected: "an age key of the user",
    found: "none",
    at: join(root, "sops/users", user, "key.json"),
    fix: `clan secrets users add ${user}, or name the clan's user in pulumi-clan:userKeys, or leave it out there`,
    subject: { kind: "machine", name: machine },
  });
}

/** @param missing - files, relative to the clan's folder. */
export function notGenerated(machine: string, missing: readonly string[]): VarsMissingError {
  return new VarsMissingError({
    summary: `${machine}: secrets that it needs before its key were never generated`,
    expected: missing.join("\n"),
    found: "no such files",
    at: "clan.core.vars.generators of its configuration",
    fix: `generate first: fleet vars generate ${machine}`,
    subject: { kind: "machine", name: machine },
  });
}
