import { ConnectionPool } from "./connection-pool.ts";

/** Idle for so long, the connections of a process are closed. */
const idleSeconds = 60;

let pool: ConnectionPool | undefined;
let borrowers = 0;
let closing: NodeJS.Timeout | undefined;

/** The process's pool, lent: giving it back closes nothing at once. */
export interface BorrowedConnections extends AsyncDisposable {
  readonly pool: ConnectionPool;
}

/**
 * For a process that works for many callers who know nothing of each other (Pulumi's provider process): whoever borrows
 * shares one connection per host with the others and with who comes within a minute. Owner is this module: it closes
 * them when nobody has borrowed for 60 s, or when `closeSharedConnections` says so; a process that is killed leaves
 * nothing behind, since sockets and OpenSSH's clients end with it.
 */
export function borrowConnections(idleMs = idleSeconds * 1000): BorrowedConnections {
  clearTimeout(closing);
  pool ??= new ConnectionPool();
  borrowers += 1;
  let returned = false;
  return {
    pool,
    [Symbol.asyncDispose]: async () => {
      if (returned) return;
      returned = true;
      borrowers -= 1;
      if (borrowers > 0) return;
      if (idleMs === 0) return closeSharedConnections();
      clearTimeout(closing);
      closing = setTimeout(() => void closeSharedConnections(), idleMs);
      closing.unref(); // the connections themselves keep the process; see closeSharedConnections
    },
  };
}

/** Closes them now. A program that is to end by itself calls it at its end: open connections keep a process alive. */
export async function closeSharedConnections(): Promise<void> {
  clearTimeout(closing);
  const closed = pool;
  pool = undefined;
  await closed?.[Symbol.asyncDispose]();
}
