import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { ConnectionSpec } from "../../deploy/ssh/connection-spec.ts";
import { writeOpensshOptions } from "../../deploy/ssh/openssh-options.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import { watchTree } from "../measure/process-tree.ts";
import { type ClientAnswer, type ClientRequest, clientAnswerSchema, clientFailureSchema } from "./client-messages.ts";

/** One push, measured. */
export interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of everything on the host. */
  readonly hostCpuSeconds?: number;
  readonly peakRssBytes: number;
  /** Of ours only. */
  readonly engine?: Omit<ClientAnswer, "seconds">;
}

/** A way to bring a closure to a host. */
export interface Contender {
  readonly name: string;
  push(spec: ConnectionSpec, toplevel: StorePath, signal: AbortSignal): Promise<Sample>;
}

/** `nix copy` as people call it: one process, one connection. */
export function nixCopyTo(scheme: "ssh-ng" | "ssh"): Contender {
  return {
    name: `nix copy ${scheme}://`,
    push: async (spec, toplevel, signal) => {
      await using ssh = await writeOpensshOptions(spec);
      const to = `${scheme}://${ssh.destination}`;
      const features = ["--extra-experimental-features", "nix-command"];
      const command = ["nix", ...features, "copy", "--no-check-sigs", "--to", to, toplevel];
      return await measureCommand(command, { ...process.env, NIX_SSHOPTS: ssh.nixSshOpts }, signal);
    },
  };
}

/** The engine with a connection of its own. */
export const oursFresh: Contender = {
  name: "ours",
  push: async (spec, toplevel) => {
    await using client = await PushClient.start();
    return await client.push({ spec, wanted: [toplevel], fresh: true, compress: "auto" });
  },
};

/** Without differences from what the host has. */
export const oursFull: Contender = {
  name: "ours, in full",
  push: async (spec, toplevel) => {
    await using client = await PushClient.start();
    return await client.push({ spec, wanted: [toplevel], fresh: true, delta: "never" });
  },
};

/** The engine over the connection that a run already has. */
export function oursPooled(client: PushClient): Contender {
  return {
    name: "ours, open connection",
    push: (spec, toplevel) => client.push({ spec, wanted: [toplevel], fresh: false, compress: "auto" }),
  };
}

/** A process that has the engine loaded and waits. */
export class PushClient implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  static async start(): Promise<PushClient> {
    const child = fork(join(import.meta.dirname, "push-client.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message");
    return new PushClient(child);
  }

  async push(request: ClientRequest): Promise<Sample> {
    const usage = watchTree(this.#process.pid ?? 0);
    this.#process.send(request);
    const [message] = await Promise.race([once(this.#process, "message"), this.#died()]);
    const { cpuSeconds, peakRssBytes } = await usage.stop();
    const failure = clientFailureSchema.safeParse(message);
    if (failure.success) throw new Error(failure.data.error);
    const { seconds, ...engine } = clientAnswerSchema.parse(message);
    return { seconds, cpuSeconds, peakRssBytes, engine };
  }

  async #died(): Promise<never> {
    await once(this.#process, "exit");
    throw new Error("the measured process ended before it answered");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    // "exit", not "close": with Node 24 that one does not come for a process whose channel was closed by us.
    const ended = once(this.#process, "exit");
    this.#process.disconnect();
    await ended;
  }
}

/** A command from its start to its end. The shell around it stays until what it used has been read. */
export async function measureCommand(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Sample> {
  const script = '"$@"; echo $? >&3; read -r _';
  const start = performance.now();
  const child = spawn("sh", ["-c", script, "sh", ...command], {
    env,
    stdio: ["pipe", "ignore", "pipe", "pipe"],
    signal,
  });
  const usage = watchTree(child.pid ?? 0);
  const closed = once(child, "close");
  const said = buffer(child.stderr as NodeJS.ReadableStream); // a pipe, as asked for above
  const [code] = await once(child.stdio[3] as NodeJS.ReadableStream, "data"); // likewise
  const seconds = (performance.now() - start) / 1000;
  const { cpuSeconds, peakRssBytes } = await usage.stop();
  child.stdin?.end();
  await closed;
  if (String(code).trim() !== "0") throw new Error(`${command.join(" ")}: exit code ${code}: ${await said}`);
  return { seconds, cpuSeconds, peakRssBytes };
}
