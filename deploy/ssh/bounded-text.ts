import type { Readable } from "node:stream";

/** What a stream brought: its beginning, or its end with `keep: "tail"`. */
export interface BoundedText {
  text(): string;
  /** More came than `maxBytes`. */
  readonly overflowed: boolean;
}

/** Collects at most `maxBytes` of a stream and keeps draining it, so that the other side never blocks. */
export function collectBounded(stream: Readable, maxBytes: number, keep: "head" | "tail"): BoundedText {
  let chunks: Buffer[] = [];
  let size = 0;
  let overflowed = false;
  stream.on("data", (chunk: Buffer) => {
    if (keep === "head" && size + chunk.length > maxBytes) {
      overflowed = true;
      chunks.push(chunk.subarray(0, maxBytes - size));
      size = maxBytes;
      return;
    }
    chunks.push(chunk);
    size += chunk.length;
    if (keep === "tail" && size > 2 * maxBytes) {
      chunks = [Buffer.concat(chunks).subarray(-maxBytes)];
      size = maxBytes;
      overflowed = true;
    }
  });
  return {
    text() {
      const whole = Buffer.concat(chunks);
      return (keep === "tail" ? whole.subarray(-maxBytes) : whole).toString("utf8");
    },
    get overflowed() {
      return overflowed || size > maxBytes;
    },
  };
}
