import * as pulumi from "@pulumi/pulumi";
import { Machine, type MachineSettings } from "./machine.ts";

/** One row of the fleet's table. */
export interface MachineOutcome {
  readonly class: string;
  readonly outcome: string;
  /** Store path that the host runs; null: unknown or skipped. */
  readonly toplevel: string | null;
  readonly generation: number | null;
  /** Whole seconds of the last deployment. */
  readonly seconds: number;
  /** `[user@]host[:port]` that was dialled. */
  readonly targetHost: string;
}

export interface MachineRegistryArgs {
  readonly machines: readonly MachineSettings[];
}

/** The machines that a stack owns. Child per machine, named as the machine. */
export class MachineRegistry extends pulumi.ComponentResource {
  declare readonly machines: pulumi.Output<Record<string, MachineOutcome>>;

  constructor(name: string, { machines }: MachineRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("clan:index:MachineRegistry", name, { machines: machines.map(({ machine }) => machine) }, opts);
    const children = machines.map((settings) => new Machine(settings.machine, settings, { parent: this }));
    this.machines = pulumi
      .all(children.map((child) => child.row))
      .apply((rows) => Object.fromEntries(rows.map((row, index) => [machines[index]?.machine ?? "", row])));
    this.registerOutputs({ machines: this.machines });
  }
}
