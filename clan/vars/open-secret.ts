import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OperatorKeys } from "./age/operator-keys.ts";
import { SecretFileError, SecretIdentityError } from "./errors.ts";
import { openSopsBinary } from "./sops/sops-binary.ts";
import { maxSopsBytes, readSopsMetadata } from "./sops/sops-metadata.ts";

/** `sops`: a file of sops' binary store; `age`: an age file. */
export type Cipher = "sops" | "age";

/** An encrypted file of the clan. */
export interface Encrypted {
  /** Relative to the clan's folder. */
  readonly path: string;
  readonly cipher: Cipher;
}

/**
 * Decrypts one secret with the operator's keys. The content is the caller's: nothing here keeps it.
 * @param machine - whose it is, for messages.
 * @throws {SecretIdentityError} none of the keys opens it. @throws {SecretFileError} @throws {AgeProgramError}
 */
export async function openSecret(
  root: string,
  { path, cipher }: Encrypted,
  machine: string,
  keys: OperatorKeys,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const place = join(root, path);
  const file = await readFile(place).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw notWhatItIs(machine, place, "no such file", `generate it: fleet vars generate ${machine}`, cause);
  });
  if (file.length > maxSopsBytes)
    throw notWhatItIs(machine, place, `${(file.length / 2 ** 20).toFixed(1)} MiB`, tooLargeFix);
  if (cipher === "age") {
    const content = await openAge(file, undefined, place, machine, keys, signal);
    if (content !== undefined) return content;
    throw noKey(machine, place, [], keys);
  }
  const opened = await openSopsBinary(file.toString("utf8"), (armored, recipient) =>
    openAge(Buffer.from(armored), recipient, place, machine, keys, signal),
  );
  switch (opened.kind) {
    case "opened":
      return opened.content;
    case "no-key":
      throw noKey(machine, place, opened.recipients, keys);
    case "not-sops":
      throw notWhatItIs(machine, place, "no JSON of sops' binary store", "restore it from git, or generate it anew");
    case "changed":
      throw notWhatItIs(machine, place, "its content or its MAC was changed", "restore it from git");
  }
}

const tooLargeFix = `no secret is larger than ${maxSopsBytes / 2 ** 20} MiB: bring large files another way, encrypted, with a secret for their key`;

async function openAge(
  file: Uint8Array,
  recipient: string | undefined,
  place: string,
  machine: string,
  keys: OperatorKeys,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    return await keys.open(file, recipient, signal);
  } catch (cause) {
    // The library's errors have no class; those of ours say more themselves.
    if (!(cause instanceof Error) || cause.constructor !== Error) throw cause;
    throw notWhatItIs(machine, place, `age: ${cause.message}`, "restore it from git", cause);
  }
}

/**
 * Whether the operator lacks the key of a file, by the recipients that stand in clear: nothing is opened. An age file names
 * none: those are known that clan wrote beside it.
 * @returns undefined where a key may open it, and where that cannot be told.
 */
export async function lackingKey(
  root: string,
  { path, cipher }: Encrypted,
  machine: string,
  keys: OperatorKeys,
): Promise<SecretIdentityError | undefined> {
  const recipients = await recipientsOf(root, { path, cipher });
  if (recipients === undefined || (await keys.mayOpen(recipients))) return undefined;
  return noKey(machine, join(root, path), recipients, keys);
}

/**
 * A secret of several machines is one of this machine's only where its file says so: what its configuration declares is no
 * reason to open for it what others share. @param own - public halves of the machine's key; empty: not known, nor is this.
 * @throws {SecretFileError}
 */
export async function requireRecipient(
  root: string,
  { path, cipher }: Encrypted,
  machine: string,
  own: readonly string[],
): Promise<void> {
  if (own.length === 0 || !sharedPlaces.some((place) => path.startsWith(place))) return;
  const recipients = await recipientsOf(root, { path, cipher });
  // Of a file for keys of other kinds alone nothing can be told.
  if (recipients === undefined || recipients.length === 0 || own.some((key) => recipients.includes(key))) return;
  throw new SecretFileError({
    summary: `${machine}: it declares a shared secret that is not encrypted to it`,
    expected: `one of its keys among the recipients:\n${own.join("\n")}`,
    found: recipients.join("\n"),
    at: join(root, path),
    fix: `let it have the secret (clan vars fix ${machine}), or take the declaration out of its configuration`,
  });
}

/** Where `varPath` puts what machines share. */
const sharedPlaces: readonly string[] = ["vars/shared/", "secrets/clan-vars/shared/"];

/** Recipients that stand in clear; undefined: the file names none. */
async function recipientsOf(root: string, { path, cipher }: Encrypted): Promise<readonly string[] | undefined> {
  const place = join(root, path);
  if (cipher === "age") return (await textOf(`${place}.recipients`))?.split("\n").filter((line) => line !== "");
  return readSopsMetadata((await textOf(place)) ?? "")?.age.map(({ recipient }) => recipient);
}

async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

function noKey(machine: string, place: string, recipients: readonly string[], keys: OperatorKeys): SecretIdentityError {
  return new SecretIdentityError({
    summary: `${machine}: none of your age keys opens ${place}`,
    expected:
      recipients.length === 0 ? "the key of one of its recipients" : `the key of one of:\n${recipients.join("\n")}`,
    found: `keys were looked for in:\n${keys.searched.join("\n")}`,
    at: place,
    fix: "set SOPS_AGE_KEY_FILE to the file with your key; is it lost, have another user of the clan add your new one: clan secrets users add",
  });
}

function notWhatItIs(machine: string, place: string, found: string, fix: string, cause?: unknown): SecretFileError {
  return new SecretFileError(
    {
      summary: `${machine}: a secret cannot be read`,
      expected: "a file that sops or age encrypted, as it was written",
      found,
      at: place,
      fix,
    },
    cause === undefined ? {} : { cause },
  );
}
