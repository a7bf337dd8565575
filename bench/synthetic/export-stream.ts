import type { SyntheticFile, SyntheticPath } from "./closures.ts";
import { mention, syntheticContents } from "./contents.ts";

/**
 * What `nix-store --import` reads: per path 1, its archive, a magic number, path, references, deriver, 0; and 0 at the end.
 * Source: nix 2.26, src/libstore/export-import.cc; the archive's grammar: src/libutil/archive.cc.
 */
export function* exportStream(paths: Iterable<SyntheticPath>): Generator<Buffer> {
  for (const { path, references, files } of paths) {
    yield number(1);
    yield* archive(files);
    yield number(0x4558494e);
    yield Buffer.concat([text(path), number(references.length), ...references.map(text), text(""), number(0)]);
  }
  yield number(0);
}

/** Folders of one level with files, those of `bin` executable; names in order. */
function* archive(files: readonly SyntheticFile[]): Generator<Buffer> {
  yield words("nix-archive-1");
  yield* directory(files, function* (file) {
    yield* regular(file, false);
  });
}

function* directory(
  files: readonly SyntheticFile[],
  leaf: (file: SyntheticFile) => Generator<Buffer>,
): Generator<Buffer> {
  yield words("(", "type", "directory");
  const names = new Map<string, SyntheticFile[]>();
  for (const file of files) {
    const name = file.name.split("/", 1)[0] ?? file.name;
    names.set(name, [...(names.get(name) ?? []), file]);
  }
  for (const [name, inside] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield words("entry", "(", "name", name, "node");
    const [only] = inside;
    if (only !== undefined && only.name === name) yield* leaf(only);
    else {
      const below = inside.map((file) => ({ ...file, name: file.name.slice(name.length + 1) }));
      yield* directory(below, (file) => regular(file, name === "bin"));
    }
    yield words(")");
  }
  yield words(")");
}

function* regular({ sizeBytes, seed, mentions = [] }: SyntheticFile, executable: boolean): Generator<Buffer> {
  const contents = syntheticContents(sizeBytes, seed);
  mention(contents, mentions);
  yield words("(", "type", "regular", ...(executable ? ["executable", ""] : []), "contents");
  yield number(sizeBytes);
  yield contents;
  yield Buffer.alloc(-sizeBytes & 7);
  yield words(")");
}

function words(...parts: readonly string[]): Buffer {
  return Buffer.concat(parts.map(text));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes, Buffer.alloc(-bytes.length & 7)]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
