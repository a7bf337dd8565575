import * as pulumi from "@pulumi/pulumi";
import { inParallel } from "../local-nix/workers.ts";
import type { MachineTime } from "../stack/times.ts";
import { Machine, type MachineSettings } from "./machine.ts";
import type { RolloutTurns } from "./rollout-turns.ts";
import { withShortStacks } from "./short-stacks.ts";

/** One row of the fleet's table. */
export interface MachineOutcome {
  readonly class: string;
  /**
   * Of the last deployment; `held`, `queued`, `skipped`, `refused`: this run left the machine alone; `failed`: it says itself
   * why; `unreachable`, `host-key`, `authentication`: it failed, and this is in the way to the host.
   */
  readonly outcome: string;
  /** Why this run left it alone. Absent: it did not. */
  readonly reason?: string;
  /** Store path that the host runs; null: unknown or skipped. */
  readonly toplevel: string | null;
  readonly generation: number | null;
  /** Whole seconds of the last deployment. */
  readonly seconds: number;
  /** `[user@]host[:port]` that was dialled. */
  readonly targetHost: string;
  /** `[user@]host[:port]` with its cloud node's own address, whether or not that was dialled. Absent: it is on none. */
  readonly atNode?: string;
}

export interface MachineRegistryArgs {
  /** One each. */
  readonly machines: readonly MachineSettings[];
  /** In which order they are deployed to. Absent: all at once. */
  readonly turns?: RolloutTurns | undefined;
}

/**
 * How many machines of a preview are registered at a time. The SDK holds half a megabyte for each that the engine has not come
 * to: with a thousand 947 MB, with 128 at a time 687, with 32 at a time 511, and it takes two thirds of the time. The engine
 * comes to 4 a processor; more, since whoever asks a host that sleeps waits five seconds for it.
 */
const mostInPreview = 64;

/** `pulumi state move` puts what it moves right below the stack: without this name a moved machine would be a new one. */
const aliases = [{ parent: pulumi.rootStackResource }];

/** The machines that a stack owns. Child per machine, named as the machine. */
export class MachineRegistry extends pulumi.ComponentResource {
  /** Machine → outcome of its last deployment. */
  declare readonly machines: pulumi.Output<Record<string, MachineOutcome>>;
  readonly #children = new Map<string, Machine>();
  /** When all of them are registered. */
  readonly #made: Promise<void>;

  constructor(name: string, { machines, turns }: MachineRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("clan:index:MachineRegistry", name, { machines: machines.map(({ machine }) => machine) }, opts);
    const make = (settings: MachineSettings): Machine => {
      const { machine } = settings;
      const child = withShortStacks(
        () => new Machine(machine, { ...settings, place: turns?.placeOf(machine) }, { parent: this, aliases }),
      );
      this.#children.set(machine, child);
      return child;
    };
    // Who waits for a turn waits for others that must be there, and an update must not: it takes minutes for each machine.
    const isLarge = pulumi.runtime.isDryRun() && turns === undefined && machines.length > mostInPreview;
    if (isLarge) {
      this.#made = inParallel(machines, mostInPreview, async (settings) => {
        await make(settings).ended;
      });
      this.machines = pulumi.output(this.#made.then(() => this.#rows()));
    } else {
      for (const settings of machines) make(settings);
      this.#made = Promise.resolve();
      this.machines = this.#rows();
    }
    this.registerOutputs({ machines: this.machines });
  }

  #rows(): pulumi.Output<Record<string, MachineOutcome>> {
    const rows = [...this.#children].map(([machine, child]) => child.row.apply((row) => [machine, row] as const));
    return pulumi.all(rows).apply((all) => Object.fromEntries(all));
  }

  /** How long each deployment of this run took, when all have ended. */
  async times(): Promise<MachineTime[]> {
    const all = await Promise.all([...this.#children.values()].map(({ time }) => time));
    return all.filter((one) => one !== undefined);
  }

  /** The resource of a machine that the stack owns, when it is registered. */
  async machineNamed(machine: string): Promise<Machine | undefined> {
    if (!this.#children.has(machine)) await this.#made;
    return this.#children.get(machine);
  }
}
