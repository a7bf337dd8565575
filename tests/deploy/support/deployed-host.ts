import assert from "node:assert/strict";
import { activationPolicySchema } from "../../../deploy/activation/policy.ts";
import { deployMachine, deploymentRequestSchema } from "../../../deploy/deploy-machine.ts";
import type { Outcome } from "../../../deploy/outcome.ts";
import type { SecretSource } from "../../../deploy/secrets/secret-source.ts";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import type { StorePath } from "../../../local-nix/store-path.ts";
import type { FleetEvent } from "../../../report.ts";
import { type SimHost, startHost } from "../../../sim/hosts/simulated-host.ts";
import { type OwnSimulation, ownSimulation } from "../../sim/hosts/own-simulation.ts";
import { addFixtureSystem, type FixtureSystem } from "./fixture-system.ts";
import { patience } from "./signals.ts";

const localSystem = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";

export interface DeployOptions {
  readonly stack?: string;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly connection?: Readonly<Record<string, unknown>>;
  readonly onEvent?: (event: FleetEvent) => void;
  readonly signal?: AbortSignal;
  readonly secrets?: SecretSource;
}

/** A simulated host, what was deployed to it, and the host's own word on it. */
export class DeployedHost implements AsyncDisposable {
  readonly sim: SimHost;
  readonly #simulation: OwnSimulation;
  readonly #class: "nixos" | "darwin";

  private constructor(simulation: OwnSimulation, sim: SimHost, machineClass: "nixos" | "darwin") {
    this.#simulation = simulation;
    this.sim = sim;
    this.#class = machineClass;
  }

  static async start(machineClass: "nixos" | "darwin", sizes?: { diskBytes?: number }): Promise<DeployedHost> {
    const simulation = await ownSimulation();
    try {
      const sim = await startHost(simulation.host(machineClass, sizes), patience(), simulation.state);
      return new DeployedHost(simulation, sim, machineClass);
    } catch (error) {
      await simulation[Symbol.asyncDispose]();
      throw error;
    }
  }

  get spec(): ConnectionSpec {
    return this.connection({});
  }

  connection(changes: Readonly<Record<string, unknown>>): ConnectionSpec {
    const { name, address, identityFile, hostKey } = this.sim;
    const hostKeys = [{ key: hostKey, source: "vars" }];
    return connectionSpecSchema.parse({ machine: name, address, identityFiles: [identityFile], hostKeys, ...changes });
  }

  system(system: Omit<FixtureSystem, "class">): Promise<StorePath> {
    return addFixtureSystem({ ...system, class: this.#class }, patience());
  }

  deploy(toplevel: StorePath, options: DeployOptions = {}): Promise<Outcome> {
    const request = deploymentRequestSchema.parse({
      machine: this.sim.name,
      connection: this.connection(options.connection ?? {}),
      class: this.#class,
      system: this.#class === "darwin" ? "aarch64-darwin" : localSystem,
      toplevel,
      policy: activationPolicySchema.parse(options.policy ?? {}),
      ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
      owner: { project: "fleet", stack: options.stack ?? "test" },
    });
    return deployMachine(request, options.onEvent ?? (() => undefined), options.signal ?? patience());
  }

  /** Asks the host itself, not over ssh. */
  async ask(command: string): Promise<string> {
    const { stdout, stderr, exitCode } = await this.sim.exec(command, patience());
    assert.equal(exitCode, 0, `${command}: ${stderr}`);
    return stdout.trimEnd();
  }

  /** The second witness: running system, profile, generation link, default boot entry's system, files of ours. */
  async witness(): Promise<
    Readonly<Record<"current" | "profile" | "generation" | "boots" | "state" | "roots", string>>
  > {
    const text = await this.ask(
      `readlink -f /run/current-system; readlink -f /nix/var/nix/profiles/system; readlink /nix/var/nix/profiles/system
       sed -n 's|^options .*init=\\(.*\\)/init.*|\\1|p; s|^options init=\\(.*\\)/init.*|\\1|p' /boot/loader/entries/"$(sed -n 's/^default //p' /boot/loader/loader.conf 2>/dev/null)" 2>/dev/null | head -n 1 | grep . || echo none
       echo $(ls /nix/var/pulumi-clan 2>/dev/null | sed 's/^supervisor-[0-9a-f]\\{64\\}\\.sh$/supervisor/'); echo $(ls /nix/var/nix/gcroots/pulumi-clan 2>/dev/null)`,
    );
    const [current = "", profile = "", generation = "", boots = "", state = "", roots = ""] = text.split("\n");
    return { current, profile, generation, boots, state, roots };
  }

  /** Calls of switch-to-configuration or activate of a system, as it wrote them down itself. */
  async calls(toplevel: StorePath): Promise<string[]> {
    const log = await this.ask("cat /var/log/fixture-calls 2>/dev/null || true");
    return log
      .split("\n")
      .filter((line) => line.endsWith(` ${toplevel}`))
      .map((line) => line.split(" ")[0] ?? "");
  }

  /** Kills the sessions of sshd, not sshd: every connection is cut. */
  async cutConnections(): Promise<void> {
    await this.ask(
      `for p in /proc/[0-9]*; do case $(cat "$p/comm" 2>/dev/null) in sshd-session) kill -9 "\${p#/proc/}" ;; esac; done; true`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#simulation[Symbol.asyncDispose]();
  }
}

/** Shell lines that wait for `open`, and a way to open: no clock decides. */
export function gate(name: string): { readonly lines: string; readonly open: string; readonly reached: string } {
  const file = `/run/gate-${name}`;
  return {
    lines: `touch ${file}.reached; until [ -e ${file} ]; do sleep 0.05; done`,
    open: `touch ${file}`,
    reached: `until [ -e ${file}.reached ]; do sleep 0.05; done`,
  };
}
