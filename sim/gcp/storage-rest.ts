import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SimState } from "../hosts/sim-state.ts";
import { changeCloud, readCloud } from "./cloud.ts";
import { textAt } from "./property-values.ts";
import { bucket as bucketKind, objectId, objectType } from "./storage.ts";

/** undefined: there is no such bucket. Source: Cloud Storage JSON API v1, objects.insert with `uploadType=media`. */
export async function putObject(
  state: SimState,
  bucket: string,
  name: string,
  body: IncomingMessage,
  signal: AbortSignal,
): Promise<{ readonly size: string; readonly md5Hash: string } | undefined> {
  if ((await readCloud(state)).resources[bucket]?.type !== bucketKind.token) return undefined;
  const folder = join(state.directory, "gcs");
  await mkdir(folder, { recursive: true });
  const file = join(folder, randomUUID());
  const hash = createHash("md5");
  let bytes = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      done(null, chunk);
    },
  });
  await pipeline(body, counting, createWriteStream(file), { signal });
  const stored = { size: String(bytes), md5Hash: hash.digest("base64") };
  await changeCloud(
    state,
    (cloud) => {
      cloud.resources[objectId(bucket, name)] = { type: objectType, inputs: { name }, outputs: { ...stored, file } };
    },
    signal,
  );
  return stored;
}

/** @returns whether it was there. */
export async function deleteObject(
  state: SimState,
  bucket: string,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const id = objectId(bucket, name);
  const file = textAt((await readCloud(state)).resources[id]?.outputs ?? {}, "file");
  if (file === undefined) return false;
  await changeCloud(state, (cloud) => delete cloud.resources[id], signal);
  await rm(file, { force: true });
  return true;
}
