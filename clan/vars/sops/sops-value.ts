import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

/**
 * One encrypted value: `ENC[AES256_GCM,data:<base64>,iv:<base64>,tag:<base64>,type:str]`.
 * Source: sops 3.11, `aes/cipher.go`: AES-256-GCM with a nonce of 32 bytes; what it is bound to is authenticated with it.
 */
const shape =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/=]*),iv:([A-Za-z0-9+/=]+),tag:([A-Za-z0-9+/=]+),type:(?:str|bytes|int|float|bool|comment|time)\]$/;

export const dataKeyBytes = 32;
const nonceBytes = 32;
const tagBytes = 16;

/** @param boundTo - the value's path with a colon after each key, or for a MAC the time of the last change. */
export function openValue(value: string, dataKey: Uint8Array, boundTo: string): Buffer | undefined {
  if (value === "") return Buffer.alloc(0); // sops leaves empty values as they are
  const [, data, iv, tag] = shape.exec(value) ?? [];
  if (data === undefined || iv === undefined || tag === undefined || dataKey.length !== dataKeyBytes) return undefined;
  const authTag = Buffer.from(tag, "base64");
  // A shorter tag would be easier to forge, and Node would take it.
  if (authTag.length !== tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", dataKey, Buffer.from(iv, "base64"), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(boundTo, "utf8")).setAuthTag(authTag);
  const opened = decipher.update(Buffer.from(data, "base64"));
  try {
    decipher.final();
  } catch {
    return undefined; // node:crypto has no error class for a tag that does not fit; there is no other reason to throw here
  }
  return opened;
}

/** As {@link openValue}, the other way round. */
export function sealValue(content: Uint8Array, dataKey: Uint8Array, boundTo: string): string {
  if (content.length === 0) return "";
  const iv = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", dataKey, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(boundTo, "utf8"));
  const data = Buffer.concat([cipher.update(content), cipher.final()]);
  const parts = [data, iv, cipher.getAuthTag()].map((part) => part.toString("base64"));
  return `ENC[AES256_GCM,data:${parts[0]},iv:${parts[1]},tag:${parts[2]},type:str]`;
}
