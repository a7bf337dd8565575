import { spawn } from "node:child_process";
import { once } from "node:events";
import { SimulationError } from "./errors.ts";

/** A network namespace of its own with a loopback interface: a simulation in it meets no other. */
export interface OwnNetwork extends AsyncDisposable {
  /** A process in it; `/proc/<pid>/ns/net` names the namespace. */
  readonly pid: number;
  /** A command line that runs inside. */
  wrap(command: string, args: readonly string[]): readonly [string, ...string[]];
}

/**
 * Makes the namespace. It lives until disposal, or until this process ends; what runs in it then keeps it alive.
 * @throws {SimulationError} without root.
 */
export async function ownNetwork(signal: AbortSignal): Promise<OwnNetwork> {
  // cat ends with its stdin, which is ours: nothing stays when this process dies.
  const script = "ip link set lo up && echo ready && exec cat";
  const holder = spawn("unshare", ["--net", "sh", "-c", script], { stdio: ["pipe", "pipe", "pipe"], signal });
  const stderr: Buffer[] = [];
  holder.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const ended = once(holder, "close");
  const first = await Promise.race([once(holder.stdout, "data"), ended]);
  if (holder.pid === undefined || !String(first[0]).startsWith("ready")) {
    throw new SimulationError({
      summary: "no network namespace of its own for the simulation",
      expected: "`unshare --net` as root, and iproute2",
      found: Buffer.concat(stderr).toString().trim() || `unshare ended with ${String(first[0])}`,
      at: "unshare --net",
      fix: "run as root",
    });
  }
  const { pid } = holder;
  return {
    pid,
    wrap: (command, args) => ["nsenter", `--net=/proc/${pid}/ns/net`, "--", command, ...args],
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}
