const blockBytes = 4096;
/** Of each block, so much is noise; the rest repeats what was there before. `zstd -1` makes 0.4 of it, as of a real system. */
const noiseShare = 0.25;
const dictionaryBytes = 64 * 1024;

/** Bytes that follow from the seed and compress like programs do. */
export function syntheticContents(sizeBytes: number, seed: number): Buffer {
  const random = generator(seed);
  const bytes = Buffer.allocUnsafe(sizeBytes);
  const dictionary = Buffer.allocUnsafe(dictionaryBytes);
  const words = generator(1);
  for (let offset = 0; offset < dictionaryBytes; offset += 4) dictionary.writeUInt32LE(words(), offset);
  for (let start = 0; start < sizeBytes; start += blockBytes) {
    const end = Math.min(sizeBytes, start + blockBytes);
    const noiseEnd = start + Math.floor((end - start) * noiseShare);
    let offset = start;
    for (; offset + 4 <= noiseEnd; offset += 4) bytes.writeUInt32LE(random(), offset);
    while (offset < end) {
      const length = Math.min(end - offset, 48 + (random() % 128));
      const from = random() % (dictionaryBytes - length);
      offset += dictionary.copy(bytes, offset, from, from + length);
    }
  }
  return bytes;
}

/** A program has a name every so often. */
const mentionEveryBytes = 64 * 1024;

/** Writes the names into the contents, in turns. */
export function mention(contents: Buffer, names: readonly string[]): void {
  if (names.length === 0) return;
  for (let [offset, turn] = [512, 0]; offset + 256 <= contents.length; offset += mentionEveryBytes, turn++) {
    contents.write(names[turn % names.length] ?? "", offset, "latin1");
  }
}

/** Numbers of 32 bits. Source: G. Marsaglia, "Xorshift RNGs" (2003), the generator of period 2^128-1. */
function generator(seed: number): () => number {
  let [x, y, z, w] = [123456789 ^ seed, 362436069, 521288629, 88675123 ^ (seed << 7)];
  return () => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
}
