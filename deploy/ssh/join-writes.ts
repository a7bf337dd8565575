import type { Duplex } from "node:stream";
import { giveBack, hasOwnMemory } from "./give-back.ts";

/**
 * Makes a stream hand on what is written in one turn at once, and give its memory back when it is sent. Without its native
 * part ssh2 1.17 writes every packet in three pieces, length, content and checksum: each was a system call and, without
 * delay, a TCP segment of its own.
 * @param stream - connected: Node 24's `Socket.connect` puts the class' own `write` back.
 */
export function joinWrites(stream: Duplex): void {
  let joining = false;
  const join = (): void => {
    if (joining) return;
    joining = true;
    stream.cork();
    // Not a microtask: what the promises of this turn write belongs to it.
    setImmediate(() => {
      joining = false;
      stream.uncork();
    });
  };
  const memory = new PacketMemory();
  stream.write = new Proxy(stream.write, {
    apply: (write, self, args: readonly unknown[]): boolean => {
      join();
      const release = memory.write(args);
      return Reflect.apply(write, self, release === undefined ? args : [...args, release]);
    },
  });
}

/** What of the written packets' memory nobody needs any more. */
class PacketMemory {
  #before: unknown;

  /** @returns what to call when the piece is sent. Absent: its memory is small, or may be another's. */
  write(args: readonly unknown[]): (() => void) | undefined {
    const [piece, ...others] = args;
    const before = this.#before;
    this.#before = piece;
    if (others.length > 0 || !(piece instanceof Uint8Array) || !hasOwnMemory(piece)) return undefined;
    // ssh2 1.17, protocol/crypto.js: the length is a view of the whole plain packet, which is of no use once it is encrypted.
    const isPlain =
      before instanceof Uint8Array && before.length === 4 && before.buffer.byteLength === 4 + piece.length;
    return () => {
      giveBack(piece);
      if (isPlain) giveBack(before);
    };
  }
}
