import type { StorePath } from "../../local-nix/store-path.ts";
import type { PathInfo } from "./path-info.ts";
import type { ReceiverProcess } from "./receiver-process.ts";

export interface ValidityQuery {
  /** The host fetches what its own caches have first. */
  readonly substitute: boolean;
  readonly paths: readonly StorePath[];
}

/** One conversation with a host's store: requests go out without waiting for the answers of earlier ones. */
export interface PathChannel extends AsyncDisposable {
  readonly process: ReceiverProcess;
  /** What happens at the end of the requests: it answers all of them, or it drops what it has not done yet. */
  readonly atEnd: "answers" | "drops";
  /** Reads the answer to the greeting, before any other answer; again it does nothing. @throws {WireError} @throws {ReceiverEnd} */
  hello(): Promise<void>;
  /** Which of the paths the host has; they are kept from collection while the channel is open. Greets. */
  query(query: ValidityQuery): Promise<ReadonlySet<string>>;
  /** Sends a path of the operator's store. @throws {NarError} when its files are not what the store says; the channel is then of no use. */
  send(info: PathInfo): Promise<void>;
  /** @returns true when the host has added the oldest path that it had not answered for; undefined at the end of its answers. */
  added(): Promise<true | undefined>;
}
