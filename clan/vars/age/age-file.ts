import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

/** `AGE-SECRET-KEY-1…`, `AGE-SECRET-KEY-PQ-1…`, and whole: used in this process. Other kinds need the `age` program. */
export function isNative(identity: string): boolean {
  return /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/.test(identity) && isWhole(identity);
}

function isWhole(identity: string): boolean {
  try {
    new Decrypter().addIdentity(identity);
    return true;
  } catch {
    return false; // age-encryption 0.3 has the whole key in the message: with one wrong letter it is as good as the key
  }
}

/** @returns undefined where none of the identities opens it. @throws for what is no age file, or a changed one. */
export async function openNative(file: Uint8Array, identities: readonly string[]): Promise<Uint8Array | undefined> {
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  let isRefused = false;
  // Asked last, and only where no other opened it: the library's own word for that is an error like any other.
  decrypter.addIdentity({
    unwrapFileKey() {
      isRefused = true;
      return null;
    },
  });
  try {
    return await decrypter.decrypt(file);
  } catch (error) {
    if (isRefused) return undefined;
    throw error;
  }
}

/** Binary, or armored as sops has it. */
export function dearmor(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file).toString("latin1");
  return text.trimStart().startsWith("-----BEGIN AGE ENCRYPTED FILE-----") ? armor.decode(text) : file;
}

/** @param recipients - `age1…`. @throws for one that is none. */
export async function sealNative(content: Uint8Array, recipients: readonly string[]): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return await encrypter.encrypt(content);
}

/** For one recipient, armored, as sops keeps its data keys. */
export async function sealArmored(content: Uint8Array, recipient: string): Promise<string> {
  return armor.encode(await sealNative(content, [recipient]));
}

/** A new key and its public half. */
export async function generateAgeKey(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** `age1…` of `AGE-SECRET-KEY-1…`. @throws for one that is damaged, without naming it. */
export async function recipientOf(identity: string): Promise<string> {
  if (!isNative(identity)) throw new TypeError("no age key, or a damaged one");
  return await identityToRecipient(identity);
}
