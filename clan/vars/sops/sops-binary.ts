import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { FleetError } from "../../../errors.ts";
import { parseEither, readSopsMetadata } from "./sops-metadata.ts";
import { dataKeyBytes, openValue, sealValue } from "./sops-value.ts";

/** How a sops file could not be opened. */
export type Opened =
  | { readonly kind: "opened"; readonly content: Buffer }
  /** Not JSON of sops' binary store. */
  | { readonly kind: "not-sops" }
  /** None of the keys opens the data key. */
  | { readonly kind: "no-key"; readonly recipients: readonly string[] }
  /** The key fits, the content or its MAC does not: it was changed, or cut. */
  | { readonly kind: "changed" };

/** Opens an armored age file; undefined: not with the keys at hand. A `FleetError` counts where no other recipient opens. */
export type OpenAge = (armored: string, recipient: string) => Promise<Uint8Array | undefined>;

const binarySchema = z.object({ data: z.string() });

/**
 * Opens a file of sops' binary store, `{"data": "ENC[…]", "sops": {…}}`: clan keeps every secret in one.
 * The MAC is checked. Source: sops 3.11, `stores/json/store.go` (BinaryStore), `sops.go` (computeMac: SHA-512 of the values
 * in upper case hexadecimal, encrypted and bound to `lastmodified`).
 */
export async function openSopsBinary(text: string, openAge: OpenAge): Promise<Opened> {
  const metadata = readSopsMetadata(text);
  const { data: file } = binarySchema.safeParse(parseEither(text));
  if (metadata === undefined || file === undefined) return { kind: "not-sops" };
  const dataKey = await dataKeyOf(metadata.age, openAge);
  if (dataKey === undefined) return { kind: "no-key", recipients: metadata.age.map(({ recipient }) => recipient) };
  const content = openValue(file.data, dataKey, "data:");
  const mac = openValue(metadata.mac, dataKey, metadata.lastModified);
  if (content === undefined || mac === undefined) return { kind: "changed" };
  const expected = Buffer.from(macOf(content));
  return mac.length === expected.length && timingSafeEqual(mac, expected)
    ? { kind: "opened", content }
    : { kind: "changed" };
}

async function dataKeyOf(
  age: readonly { readonly recipient: string; readonly enc: string }[],
  openAge: OpenAge,
): Promise<Uint8Array | undefined> {
  const failures: FleetError[] = [];
  for (const { recipient, enc } of age) {
    try {
      const dataKey = await openAge(enc, recipient);
      if (dataKey?.length === dataKeyBytes) return dataKey;
    } catch (error) {
      // A key with a passphrase, or a program that is not there: the key of another recipient may be at hand.
      if (!(error instanceof FleetError)) throw error;
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return undefined;
}

/**
 * Writes a file of sops' binary store; `sops` reads and edits it as its own.
 * @param sealAge - encrypts to one recipient, armored.
 */
export async function sealSopsBinary(
  content: Uint8Array,
  recipients: readonly string[],
  sealAge: (content: Uint8Array, recipient: string) => Promise<string>,
  now: Date,
): Promise<string> {
  const dataKey = randomBytes(dataKeyBytes);
  const lastmodified = now.toISOString().replace(/\.\d{3}Z$/, "Z");
  const age = await Promise.all(
    recipients.map(async (recipient) => ({ recipient, enc: await sealAge(dataKey, recipient) })),
  );
  const mac = sealValue(Buffer.from(macOf(content)), dataKey, lastmodified);
  const sops = { age, lastmodified, mac, version: writtenAs };
  return `${JSON.stringify({ data: sealValue(content, dataKey, "data:"), sops }, null, "\t")}\n`;
}

/** The release whose format this is. */
const writtenAs = "3.11.0";

function macOf(content: Uint8Array): string {
  return createHash("sha512").update(content).digest("hex").toUpperCase();
}
