import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionSpec, connectionSpecSchema } from "../../deploy/ssh/connection-spec.ts";
import { cpuSecondsOf, detectHierarchies, type Hierarchies } from "../../sim/hosts/cgroups.ts";
import { hostSpec } from "../../sim/hosts/host-spec.ts";
import { type SimState, simState } from "../../sim/hosts/sim-state.ts";
import { type SimHost, startHost } from "../../sim/hosts/simulated-host.ts";
import { bringDown } from "../../sim/hosts/simulation.ts";

/** What the host's store holds when a run begins. */
export type Seed = "empty" | (string & Record<never, never>);

const hostName = "receiver";
const gibibyte = 2 ** 30;

/**
 * A simulated host: its own sshd, its own Nix, a store in memory that is new for every run.
 * `/nix` is an overlay over a folder that holds the seed, so a run begins in milliseconds with exactly the same store.
 */
export class BenchReceiver implements AsyncDisposable {
  readonly #host: SimHost;
  readonly #stop: () => Promise<void>;
  readonly #state: SimState;
  readonly #hierarchies: Hierarchies;
  /** The store that lies at /nix now. */
  #runs = 0;

  private constructor(host: SimHost, state: SimState, hierarchies: Hierarchies, stop: () => Promise<void>) {
    this.#host = host;
    this.#state = state;
    this.#hierarchies = hierarchies;
    this.#stop = stop;
  }

  static async start(signal: AbortSignal): Promise<BenchReceiver> {
    const directory = await mkdtemp(join(tmpdir(), "bench-push-"));
    const state = simState(directory);
    const stop = async (): Promise<void> => {
      await bringDown(state, () => undefined, AbortSignal.timeout(60_000));
      await rm(directory, { recursive: true, force: true });
    };
    try {
      const host = await startHost(hostSpec(hostName, "nixos", "198.51.100.99"), signal, state);
      const receiver = new BenchReceiver(host, state, await detectHierarchies(), stop);
      await receiver.ask(`mkdir /bench && mount -t tmpfs -o size=${8 * gibibyte} bench /bench`, signal);
      await receiver.seed("empty", signal, async () => {
        await receiver.ask("nix-store --init", signal);
      });
      return receiver;
    } catch (error) {
      await stop();
      throw error;
    }
  }

  get address(): string {
    return this.#host.address;
  }

  /** @param way - where it is reached, if not at its own address. */
  spec(way: { readonly address: string; readonly port: number } = { address: this.address, port: 22 }): ConnectionSpec {
    const { identityFile, hostKey } = this.#host;
    const hostKeys = [{ key: hostKey, source: "bench" }];
    return connectionSpecSchema.parse({ machine: hostName, ...way, identityFiles: [identityFile], hostKeys });
  }

  /** Fills a store to begin with, once; `fill` finds it at /nix. */
  async seed(name: Seed, signal: AbortSignal, fill: () => Promise<void>): Promise<void> {
    await this.ask(`${unmount}; mkdir -p /bench/seeds/${name} && mount --bind /bench/seeds/${name} /nix`, signal);
    await fill();
    await this.ask(unmount, signal);
  }

  /** A store as the seed left it. */
  async renew(seed: Seed, signal: AbortSignal): Promise<void> {
    this.#runs += 1;
    const run = `/bench/runs/${this.#runs}`;
    const options = `lowerdir=/bench/seeds/${seed},upperdir=${run}/upper,workdir=${run}/work`;
    await this.ask(
      `${unmount}; rm -rf /bench/runs; mkdir -p ${run}/upper ${run}/work; mount -t overlay -o ${options} bench /nix`,
      signal,
    );
  }

  /** What its current system is; absent: none that is in its store. */
  async run(toplevel: string | undefined, signal: AbortSignal): Promise<void> {
    await this.ask(
      toplevel === undefined ? "rm -f /run/current-system" : `ln -sfn ${toplevel} /run/current-system`,
      signal,
    );
  }

  /** The host's own word that the closure is there; once per kind of run every byte of it. */
  async verify(toplevel: string, contents: boolean, signal: AbortSignal): Promise<void> {
    await this.ask(`nix-store --check-validity $(nix-store --query --requisites ${toplevel})`, signal);
    if (contents) await this.ask("nix-store --verify --check-contents 2>&1", signal);
  }

  /** CPU time of everything on the host since it was started. */
  cpuSeconds(): Promise<number> {
    return cpuSecondsOf(this.#hierarchies, this.#state, hostName);
  }

  /** Runs a command inside, not over ssh. */
  async ask(command: string, signal: AbortSignal): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#host.exec(command, signal, { deadlineMs: 300_000 });
    if (exitCode !== 0) throw new Error(`${command}: exit code ${exitCode}: ${stderr || stdout}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

// Lazily: a process of the last run may still be on its way out.
const unmount = "while mountpoint -q /nix; do umount -l /nix; done";
