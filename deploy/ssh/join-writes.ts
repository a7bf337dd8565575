import type { Duplex } from "node:stream";

/**
 * Makes a stream hand on what is written in one turn at once. Without its native part ssh2 1.17 writes every packet in three
 * pieces, length, content and checksum: each was a system call and, without delay, a TCP segment of its own.
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
  stream.write = new Proxy(stream.write, {
    apply: (write, self, args): boolean => {
      join();
      return Reflect.apply(write, self, args);
    },
  });
}
