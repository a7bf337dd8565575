import { ConnectionLostError, RemoteCommandError } from "../errors.ts";
import { ReceiverEnd } from "./receiver-end.ts";

/** Whether a push may go on over a new connection, or a new receiver. */
export function isWorthAnother(error: unknown): boolean {
  return error instanceof ConnectionLostError || (error instanceof ReceiverEnd && error.killed);
}

/** Nobody listens there, sshd does not forward to it, or what listens hangs up at once. */
export function isNoSocket(error: unknown): error is RemoteCommandError | ReceiverEnd {
  return error instanceof RemoteCommandError || error instanceof ReceiverEnd;
}

export function describeFailure(error: unknown): string {
  return error instanceof ReceiverEnd ? `the receiver was killed (${error.message})` : "connection lost";
}
