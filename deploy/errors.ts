import { type ErrorFacts, FleetError } from "../errors.ts";

/** `[ssh://][user@]host[:port]` was expected. */
export class TargetSyntaxError extends FleetError {
  readonly code = "FLEET_SSH_TARGET";
}

/** `~/.ssh/config` asks for something that this connection cannot do. */
export class SshConfigError extends FleetError {
  readonly code = "FLEET_SSH_CONFIG";
}

/** Another key answered than the pinned one. Nothing was sent: not even a user name. */
export class HostKeyMismatchError extends FleetError {
  readonly code = "FLEET_HOST_KEY_MISMATCH";
}

/** No key is pinned for the host, and none is trusted on first use. */
export class HostKeyUnknownError extends FleetError {
  readonly code = "FLEET_HOST_KEY_UNKNOWN";
}

/** Nobody answered as an SSH server before the deadline. */
export class HostUnreachableError extends FleetError {
  readonly code = "FLEET_HOST_UNREACHABLE";
  /** The last attempt's reason, in one line. */
  readonly reason: string;

  constructor(facts: ErrorFacts, reason: string, options?: ErrorOptions) {
    super(facts, options);
    this.reason = reason;
  }
}

/** The host accepted none of the operator's keys. */
export class AuthenticationError extends FleetError {
  readonly code = "FLEET_SSH_AUTHENTICATION";
}

/** The connection died while something was under way. What runs on the host may still be running. */
export class ConnectionLostError extends FleetError {
  readonly code = "FLEET_CONNECTION_LOST";
}

/** The login user cannot become root on the host: sudo asks for a password, or refuses the one it got. */
export class SudoError extends FleetError {
  readonly code = "FLEET_SUDO";
}

/** A connection needs OpenSSH's `ssh`, and it is not there or too old. */
export class OpensshError extends FleetError {
  readonly code = "FLEET_OPENSSH";
}

/** A command on the host did not end in time. */
export class RemoteDeadlineError extends FleetError {
  readonly code = "FLEET_REMOTE_DEADLINE";
}

/** A command on the host ended with another exit code than 0. */
export class RemoteCommandError extends FleetError {
  readonly code = "FLEET_REMOTE_COMMAND";
}

/** A host's answer is too long or not what was asked for. */
export class RemoteOutputError extends FleetError {
  readonly code = "FLEET_REMOTE_OUTPUT";
}

/** A closure could not be copied to the host. */
export class PushError extends FleetError {
  readonly code = "FLEET_PUSH";
}

/** The closure does not fit into the host's store. */
export class DiskSpaceError extends FleetError {
  readonly code = "FLEET_DISK_SPACE";
}
