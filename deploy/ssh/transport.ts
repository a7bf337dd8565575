import type { Duplex, Readable } from "node:stream";

/** The three streams of a command that runs on a host; its input and output are the duplex itself. */
export interface HostChannel extends Duplex {
  /** Must be read: a full one holds the command up. */
  readonly stderr: Readable;
  /** Gives the command up. */
  close(): void;
}

/** A command that runs on a host. */
export interface RemoteProcess {
  readonly channel: HostChannel;
  /** Its exit code; undefined: ended by a signal. Rejects with ConnectionLostError when the channel closes without one. */
  readonly ended: Promise<number | undefined>;
}

export const backEnds = ["ssh2", "openssh"] as const;
export type BackEnd = (typeof backEnds)[number];

/** An open, authenticated connection of one of the two back ends. Who waits on it races `gone`. */
export interface Transport extends AsyncDisposable {
  readonly backEnd: BackEnd;
  /** The shortest seen: half the time in which a command was started. Undefined: none was, or nobody tells. */
  readonly roundTripMs: number | undefined;
  /** Resolves with the reason when the connection is no more. */
  readonly gone: Promise<string>;
  /** @param line - for the login shell. @throws {ConnectionLostError} */
  run(line: string, scope: AbortSignal): Promise<RemoteProcess>;
  /** A stream to a Unix socket on the host. @throws {ConnectionLostError} @throws {RemoteCommandError} when nobody listens there */
  openSocket(path: string, scope: AbortSignal): Promise<Duplex>;
  /** A stream to where the host itself connects. @throws {ConnectionLostError} @throws {RemoteCommandError} when it cannot, or must not */
  openTcp(address: string, port: number, scope: AbortSignal): Promise<Duplex>;
}
