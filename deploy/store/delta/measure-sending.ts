import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { Places } from "../../../local-nix/places.ts";
import { hostScript } from "../../activation/scripts.ts";
import { toolPathSchema } from "../../host-facts.ts";
import type { SshHost } from "../../ssh/ssh-host.ts";
import { Coalescer } from "../coalescer.ts";
import { writeNar } from "../nar-writer.ts";
import { type PathInfo, sizeOf } from "../path-info.ts";
import { RequestCompressor } from "../request-compressor.ts";
import { encodeAddToStoreNar, encodeHello } from "../serve-messages.ts";
import { DeltaEncoder } from "./delta-encoder.ts";
import { type DeltaStage, deltaBytes } from "./plan-delta.ts";
import { type DeltaPlan, readDeltaPlan } from "./read-delta-plan.ts";
import { conversationBytes, receiveScript, writeArchives } from "./send-delta.ts";
import { worthDelta } from "./worth-delta.ts";

/** What a push over a slow way would send. */
export type Sending =
  | {
      readonly kind: "differences";
      /** Paths that would go as differences, and the bytes of their archives. */
      readonly paths: number;
      readonly bytes: number;
      /** Of everything that is missing, what goes in full as zstd makes it. */
      readonly sentBytes: number;
    }
  | { readonly kind: "full"; readonly reason: string }
  | { readonly kind: "unmeasured"; readonly reason: string };

/** It takes this machine a minute or so. */
const mostBytes = 2 * 2 ** 30;
/** Each takes as much memory here as a stage of a push. */
const places = new Places(2);

/** What a host would be sent, decided as a push decides it; nothing is sent, and the host is only asked. */
export async function askSending(
  host: SshHost,
  missing: readonly PathInfo[],
  signal: AbortSignal,
): Promise<DeltaPlan | { readonly kind: "unmeasured"; readonly reason: string }> {
  if (sizeOf(missing) < worthDelta) return { kind: "none", reason: "too little for differences" };
  if (sizeOf(missing) > mostBytes) return { kind: "unmeasured", reason: "too much to try it for a plan" };
  const script = hostScript("validity", ["", "", "none"]);
  const text = await host.read(script, { elevation: "if-possible", maxOutputBytes: 256 * 1024 }, signal);
  const facts = new Map(text.split("\n").map((line) => [line.split("\t")[0] ?? "", line.split("\t")[1] ?? ""]));
  const [nixStore, zstd] = ["nix-store", "zstd"].map((name) => toolPathSchema.safeParse(facts.get(name)).data);
  if (nixStore === undefined) return { kind: "none", reason: "the host has no nix-store" };
  if (facts.get("uid") !== "0") return { kind: "none", reason: "differences are sent to root alone" };
  const receiver = { nixStore, elevation: "none", ...(zstd === undefined ? {} : { zstd }) } as const;
  return readDeltaPlan(host, receiver, missing, (bytes) => bytes >= worthDelta, signal);
}

/** Makes what would be sent, and throws it away. @throws {NarError} for a path that is not as the store says */
export async function measureSending(
  { stages, receiver }: Pick<Extract<DeltaPlan, { kind: "stages" }>, "stages" | "receiver">,
  signal: AbortSignal,
): Promise<Sending> {
  using _place = await places.take(signal);
  let sentBytes = 0;
  const count = (bytes: number): void => {
    sentBytes += bytes;
  };
  for (const stage of stages) {
    if (stage.kind === "full") await compress(stage.paths, count, signal);
    else {
      count(receiveScript(receiver, stage.references).text.length);
      await makeDifferences(stage, count, signal);
    }
  }
  const paths = stages.reduce((sum, stage) => sum + (stage.kind === "delta" ? stage.paths.length : 0), 0);
  return { kind: "differences", paths, bytes: deltaBytes(stages), sentBytes };
}

async function makeDifferences(
  { paths, references }: Extract<DeltaStage, { kind: "delta" }>,
  onPiece: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "pulumi-clan-delta-")); // for its owner alone
  try {
    const file = join(folder, "archives");
    await writeArchives(references, file, signal);
    await converse(new DeltaEncoder(nowhere(), file, conversationBytes(paths), onPiece), paths, signal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function compress(paths: readonly PathInfo[], onPiece: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  return converse(new RequestCompressor(nowhere(), { kind: "zstd", level: 3, lowest: 3 }, onPiece), paths, signal);
}

/** Writes what a receiver would be told. */
async function converse(encoder: Writable, paths: readonly PathInfo[], signal: AbortSignal): Promise<void> {
  const ended = finished(encoder, { signal });
  ended.catch(() => undefined); // who waits for it hears of it
  const out = new Coalescer(
    (chunk, release) =>
      new Promise((resolve, reject) => {
        encoder.write(chunk, (error) => {
          release();
          error ? reject(error) : resolve();
        });
      }),
  );
  try {
    await out.put(encodeHello());
    for (const info of paths) {
      await out.put(encodeAddToStoreNar(info));
      await writeNar(info.path, info.narSize, out, signal);
    }
    await out.flush();
    encoder.end();
    await ended;
  } finally {
    encoder.destroy();
  }
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
