import * as pulumi from "@pulumi/pulumi";
import type { MachineTime } from "../stack/times.ts";
import { Machine, type MachineSettings } from "./machine.ts";
import type { RolloutTurns } from "./rollout-turns.ts";

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

/** `pulumi state move` puts what it moves right below the stack: without this name a moved machine would be a new one. */
const aliases = [{ parent: pulumi.rootStackResource }];

/** The machines that a stack owns. Child per machine, named as the machine. */
export class MachineRegistry extends pulumi.ComponentResource {
  /** Machine → outcome of its last deployment. */
  declare readonly machines: pulumi.Output<Record<string, MachineOutcome>>;
  readonly #children: ReadonlyMap<string, Machine>;

  constructor(name: string, { machines, turns }: MachineRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("clan:index:MachineRegistry", name, { machines: machines.map(({ machine }) => machine) }, opts);
    this.#children = new Map(
      machines.map((settings) => [
        settings.machine,
        new Machine(
          settings.machine,
          { ...settings, place: turns?.placeOf(settings.machine) },
          { parent: this, aliases },
        ),
      ]),
    );
    const rows = [...this.#children].map(([machine, child]) => child.row.apply((row) => [machine, row] as const));
    this.machines = pulumi.all(rows).apply((all) => Object.fromEntries(all));
    this.registerOutputs({ machines: this.machines });
  }

  /** How long each deployment of this run took, when all have ended. */
  async times(): Promise<MachineTime[]> {
    const all = await Promise.all([...this.#children.values()].map(({ time }) => time));
    return all.filter((one) => one !== undefined);
  }

  /** The resource of a machine that the stack owns. */
  machineNamed(machine: string): Machine | undefined {
    return this.#children.get(machine);
  }
}
