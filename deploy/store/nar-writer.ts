import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Coalescer } from "./coalescer.ts";
import { encodeString, encodeU64, padded } from "./wire.ts";

/** A store path's files are not what an archive can hold, or changed while they were read. */
export class NarError extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.name = "NarError";
    this.path = path;
  }
}

/**
 * Writes the archive of a file tree, as `nix-store --dump` does.
 *
 *     nar       ::= "nix-archive-1" node
 *     node      ::= "(" "type" ( regular | symlink | directory ) ")"
 *     regular   ::= "regular" [ "executable" "" ] "contents" bytes
 *     symlink   ::= "symlink" "target" bytes
 *     directory ::= "directory" entry*                               (sorted by the bytes of the name)
 *     entry     ::= "entry" "(" "name" bytes "node" node ")"
 *
 * where each terminal is a string of the wire. Source: Nix manual 2.34, "Nix Archive (NAR) format".
 * Nothing is held but a chunk: the size of the tree does not matter.
 * @param sizeBytes - the archive's length, which the receiver was told: no byte beyond it is written, since the receiver
 * would take that for the next command.
 * @throws {NarError}
 */
export async function writeNar(path: string, sizeBytes: number, out: Coalescer, scope: AbortSignal): Promise<void> {
  const writer = new NarWriter(path, sizeBytes, out, scope);
  await writer.write();
}

// Below it, synchronous calls: a file from the page cache costs some 20 µs, the thread pool's detour some 150.
const smallFileBytes = 64 * 1024;
const longestSliceMs = 8;

const token = {
  magic: encodeString("nix-archive-1"),
  open: encodeString("("),
  close: encodeString(")"),
  type: encodeString("type"),
  regular: joined("type", "regular", "contents"),
  executable: joined("type", "regular", "executable", "", "contents"),
  symlink: joined("type", "symlink", "target"),
  directory: joined("type", "directory"),
  entry: joined("entry", "(", "name"),
  node: encodeString("node"),
};
const zeros = new Uint8Array(8);
const slash = Buffer.from("/");

class NarWriter {
  readonly #root: string;
  readonly #out: Coalescer;
  readonly #scope: AbortSignal;
  #left: number;
  #sliceStart = performance.now();

  constructor(root: string, sizeBytes: number, out: Coalescer, scope: AbortSignal) {
    this.#root = root;
    this.#left = sizeBytes;
    this.#out = out;
    this.#scope = scope;
  }

  async write(): Promise<void> {
    await this.#put(token.magic);
    await this.#node(Buffer.from(this.#root));
    if (this.#left !== 0) throw new NarError(this.#root, `its archive is ${this.#left} bytes shorter than it was`);
  }

  /** Paths are bytes: a file name need not be UTF-8. */
  async #node(path: Buffer): Promise<void> {
    const stats = lstatSync(path);
    await this.#put(token.open);
    if (stats.isDirectory()) await this.#directory(path);
    else if (stats.isSymbolicLink()) await this.#symlink(path);
    else if (stats.isFile()) await this.#regular(path, stats);
    else throw new NarError(path.toString(), "neither file, folder nor symbolic link");
    await this.#put(token.close);
  }

  async #directory(path: Buffer): Promise<void> {
    await this.#put(token.directory);
    const names = readdirSync(path, { encoding: "buffer" }).sort(Buffer.compare);
    for (const name of names) {
      await this.#put(token.entry);
      await this.#put(encodeString(name));
      await this.#put(token.node);
      await this.#node(Buffer.concat([path, slash, name]));
      await this.#put(token.close);
    }
  }

  async #symlink(path: Buffer): Promise<void> {
    await this.#put(token.symlink);
    await this.#put(encodeString(readlinkSync(path, { encoding: "buffer" })));
  }

  async #regular(path: Buffer, { mode, size }: Stats): Promise<void> {
    await this.#put((mode & 0o100) === 0 ? token.regular : token.executable);
    await this.#put(encodeU64(size));
    if (size <= smallFileBytes) await this.#smallContents(path, size);
    else await this.#contents(path, size);
    await this.#put(zeros.subarray(0, padded(size) - size));
    await this.#rest();
  }

  async #smallContents(path: Buffer, size: number): Promise<void> {
    if (size === 0) return;
    const file = openSync(path, "r");
    try {
      for (let left = size; left > 0; ) {
        const free = this.#out.free;
        const count = readSync(file, free, 0, Math.min(left, free.length), null);
        if (count === 0) throw new NarError(path.toString(), "became shorter while it was read");
        left -= count;
        await this.#commit(count);
      }
    } finally {
      closeSync(file);
    }
  }

  async #contents(path: Buffer, size: number): Promise<void> {
    await using file = await open(path, "r");
    for (let left = size; left > 0; ) {
      this.#scope.throwIfAborted();
      const free = this.#out.free;
      const { bytesRead } = await file.read(free, 0, Math.min(left, free.length), null);
      if (bytesRead === 0) throw new NarError(path.toString(), "became shorter while it was read");
      left -= bytesRead;
      await this.#commit(bytesRead);
    }
    this.#sliceStart = performance.now();
  }

  #put(bytes: Uint8Array): Promise<void> | undefined {
    this.#spend(bytes.length);
    return this.#out.put(bytes);
  }

  #commit(length: number): Promise<void> | undefined {
    this.#spend(length);
    return this.#out.commit(length);
  }

  #spend(length: number): void {
    this.#left -= length;
    if (this.#left < 0) throw new NarError(this.#root, "its archive is longer than it was");
  }

  /** Lets keepalives, other hosts and Ctrl-C through: thousands of small files are one long synchronous stretch otherwise. */
  async #rest(): Promise<void> {
    if (performance.now() - this.#sliceStart < longestSliceMs) return;
    await yieldToOthers();
    this.#scope.throwIfAborted();
    this.#sliceStart = performance.now();
  }
}

function joined(...texts: readonly string[]): Uint8Array {
  return Buffer.concat(texts.map(encodeString));
}
