import type { HostSession } from "./host-session.ts";
import type { RemoteCommand } from "./ssh/remote-command.ts";
import type { ExecOptions, ExecResult } from "./ssh/ssh-host.ts";

/** Commands as root on one host, whatever becomes of the connection between them. */
export interface RootShell {
  /** Machine's name, for messages. */
  readonly machine: string;
  /** `host:port` parts of the way there. */
  readonly address: string;
  readonly port: number;
  /** Runs to its end, whatever the exit code. May run twice when the connection is lost on the way: only for what bears that. */
  exec(command: RemoteCommand, options: Omit<ExecOptions, "elevation">, signal: AbortSignal): Promise<ExecResult>;
}

/** Root by the session's own way. The session must have read the host's facts: they decide between root and sudo. */
export function rootShell(session: HostSession): RootShell {
  const { machine, address, port } = session.spec;
  return {
    machine,
    address,
    port,
    exec: (command, options, signal) =>
      session.retried((host) => host.exec(command, { ...options, elevation: session.elevation }, signal), signal),
  };
}
