import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";
import { isPlain } from "../clan/rollout/plan-rollout.ts";
import { renderRollout } from "../clan/rollout/render-rollout.ts";
import type { MachineTime } from "../stack/times.ts";
import { Inventory } from "./inventory.ts";
import type { MachineSettings } from "./machine.ts";
import { type MachineOutcome, MachineRegistry } from "./machine-registry.ts";
import type { Remark } from "./remark.ts";
import { Rollout, type RolloutArgs } from "./rollout.ts";
import { RolloutTurns } from "./rollout-turns.ts";

export interface FleetArgs {
  /** The whole fleet; its inventory is shown whole whatever part of the machines the stack owns. */
  readonly model: FleetModel;
  /** The machines that this stack owns, with their evaluated systems. */
  readonly machines: readonly MachineSettings[];
  /** Warnings, each told on the resource that it concerns. Default: none. */
  readonly remarks?: readonly Remark[];
  /** In which order the machines are deployed to. Default: all at once. */
  readonly rollout?: RolloutArgs | undefined;
  /** What the fleet tells at the end of an update of the time that its deployments took. Default: nothing. */
  readonly renderTimes?: ((machines: readonly MachineTime[]) => string) | undefined;
}

/** The whole fleet as one stack sees it. Children: `<name>-inventory`, `<name>-registry`, and `<name>-rollout` where the stack states an order. */
export class Fleet extends pulumi.ComponentResource {
  /** Machine → outcome of its last deployment; the table that `npm run quickstart` prints. */
  declare readonly machines: pulumi.Output<Record<string, MachineOutcome>>;

  constructor(
    name: string,
    { model, machines, remarks = [], rollout: order, renderTimes }: FleetArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("clan:index:Fleet", name, { fleet: model.name, machines: machines.map(({ machine }) => machine) }, opts);
    const inventory = new Inventory(`${name}-inventory`, { model }, { parent: this });
    const turns = order === undefined ? undefined : this.#turns(name, order);
    const registry = new MachineRegistry(`${name}-registry`, { machines, turns }, { parent: this });
    this.machines = registry.machines.apply(async (rows) => {
      // Of a program's last words only those are told that its outputs wait for.
      if (renderTimes !== undefined && !pulumi.runtime.isDryRun())
        await pulumi.log.info(renderTimes(await registry.times()));
      return rows;
    });
    for (const { subject, text } of remarks) {
      if (subject.kind !== "machine") void pulumi.log.warn(text, inventory.partNamed(subject) ?? this);
      else void registry.machineNamed(subject.name).then((machine) => pulumi.log.warn(text, machine ?? this));
    }
    this.registerOutputs({ machines: this.machines });
  }

  /** An order that the stack does not state, such as the operator's own machine as the last one, is no resource. */
  #turns(name: string, order: RolloutArgs): RolloutTurns | undefined {
    const { plan } = order;
    if (plan.isStated) return new Rollout(`${name}-rollout`, order, { parent: this }).turns;
    if (isPlain(plan)) return undefined;
    if (pulumi.runtime.isDryRun()) void pulumi.log.info(renderRollout(plan), this);
    return new RolloutTurns(plan);
  }
}
