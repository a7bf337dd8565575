import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { z } from "zod";
import { GcpApiError, refusalOf } from "./errors.ts";

export interface StorageAccess {
  /** Ends with `/`. Default of Google's own provider: `https://storage.googleapis.com/storage/v1/`. */
  readonly endpoint: string;
  /** For `Authorization: Bearer`. */
  readonly token: (signal: AbortSignal) => Promise<string>;
}

/** One object of Cloud Storage. */
export interface StoredObject {
  readonly bucket: string;
  readonly name: string;
}

/** The part of Google's Cloud Storage API that an image needs. */
export interface StorageApi {
  /** Sends a file as one object, in the place of an older one. @throws {GcpApiError} also when other bytes arrived. */
  upload(object: StoredObject, file: string, signal: AbortSignal): Promise<void>;
  /** None there is success. @throws {GcpApiError} */
  remove(object: StoredObject, signal: AbortSignal): Promise<void>;
}

const mostBytes = 1024 * 1024;
const answerSchema = z.object({ size: z.string().max(30), md5Hash: z.string().max(100) });

/** Source: Cloud Storage JSON API v1, objects.insert with `uploadType=media`, objects.delete. */
export function storageApi({ endpoint, token }: StorageAccess): StorageApi {
  const authorization = async (signal: AbortSignal): Promise<string> => `Bearer ${await token(signal)}`;
  return {
    async upload({ bucket, name }, file, signal) {
      const query = new URLSearchParams({ uploadType: "media", name });
      const url = new URL(`/upload${new URL(endpoint).pathname}b/${bucket}/o?${query}`, endpoint);
      const headers = { authorization: await authorization(signal), "content-type": "application/gzip" };
      const hash = createHash("md5");
      const response = await fetch(url, { method: "POST", headers, body: hashed(file, hash), duplex: "half", signal });
      const text = await textOf(response);
      if (!response.ok) throw refusalOf(response.status, text);
      const { size, md5Hash } = answerSchema.parse(JSON.parse(text));
      const sent = { size: String((await stat(file)).size), md5Hash: hash.digest("base64") };
      if (size === sent.size && md5Hash === sent.md5Hash) return;
      const message = `gs://${bucket}/${name}: ${size} bytes with md5 ${md5Hash} arrived, ${sent.size} with ${sent.md5Hash} were sent`;
      throw new GcpApiError(message, { kind: "other", reason: "damaged", zonesAvailable: [] });
    },
    async remove({ bucket, name }, signal) {
      const url = new URL(`b/${bucket}/o/${encodeURIComponent(name)}`, endpoint);
      const response = await fetch(url, {
        method: "DELETE",
        headers: { authorization: await authorization(signal) },
        signal,
      });
      const text = await textOf(response);
      if (!response.ok && response.status !== 404) throw refusalOf(response.status, text);
    },
  };
}

async function* hashed(file: string, hash: ReturnType<typeof createHash>): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    yield chunk;
  }
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes)
      throw new GcpApiError("the answer is too long", { kind: "other", reason: "size", zonesAvailable: [] });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
