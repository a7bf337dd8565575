import * as pulumi from "@pulumi/pulumi";
import type { RolloutPlan, Wave } from "../clan/rollout/plan-rollout.ts";
import { renderRollout } from "../clan/rollout/render-rollout.ts";
import type { GateAnswer } from "../clan/rollout/run-rollout.ts";
import { WaveGate } from "../providers/wave-gate.ts";
import type { GateMember, WaveGateInputs } from "../providers/wave-gate-schema.ts";
import { nameAlone } from "./name-alone.ts";
import { RolloutTurns, type WaveEnd } from "./rollout-turns.ts";
import { endOf, tolerateFailure } from "./tolerate-failure.ts";
import { valueAlone } from "./value-alone.ts";

export interface RolloutArgs {
  /** Waves with their machines, as `planRollout` makes it. */
  readonly plan: RolloutPlan;
  /** What must hold on each machine of a wave before the next one. */
  readonly healthGatesOf: (wave: Wave) => WaveGateInputs["healthGates"];
}

interface Gate {
  readonly resource: WaveGate;
  readonly end: PromiseWithResolvers<WaveEnd>;
}

const nothing: WaveEnd = { members: [], failed: [] };

/**
 * The order in which machines are deployed to. Children: `<name>-<wave>`, the gate behind a wave.
 *
 * Waves are kept by the order in which the program registers resources, not by `dependsOn`: after a failure the engine leaves
 * dependents out without a word, so that neither `continue` nor a reason could be had, and refuses `--target` of a machine
 * whose gate was never made (docs/adr/0015-waves.md). The resources are those of the stated order: on whichever machine an
 * update runs, they are the same.
 */
export class Rollout extends pulumi.ComponentResource {
  /** Each machine's place: a `MachineRegistry` takes it. */
  readonly turns: RolloutTurns;
  readonly #gates = new Map<string, Gate>();

  constructor(name: string, { plan, healthGatesOf }: RolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    const { stated, unreachable } = plan;
    const shown = stated.map(({ name: wave, machines, maxUnavailable, pauseSeconds, onFailure }) => ({
      wave,
      machines,
      onFailure,
      pauseSeconds,
      ...(maxUnavailable === null ? {} : { maxUnavailable }),
    }));
    super("clan:index:Rollout", name, { waves: shown, unreachable }, opts);
    this.turns = new RolloutTurns(plan, (wave, end) => this.#ask(wave, end));
    for (const wave of stated) if (wave.gated) this.#gates.set(wave.name, this.#gate(name, wave, healthGatesOf(wave)));
    // Behind a wave that had no turn a gate is registered all the same, and left as it is.
    const close = (): void => {
      for (const { end } of this.#gates.values()) end.resolve(nothing);
    };
    void this.turns.run.finished.then(close, close);
    if (pulumi.runtime.isDryRun()) void pulumi.log.info(renderRollout(plan), this);
    this.registerOutputs({});
  }

  /** Registered when its wave has ended. */
  #gate(name: string, wave: Wave, healthGates: WaveGateInputs["healthGates"]): Gate {
    const end = Promise.withResolvers<WaveEnd>();
    const resource = new WaveGate(
      `${name}-${wave.name}`,
      {
        wave: wave.name,
        onFailure: wave.onFailure,
        pauseSeconds: wave.pauseSeconds,
        healthGates,
        members: pulumi.output(end.promise.then(({ members }) => membersOf(members))),
        failed: pulumi.output(end.promise.then(({ failed }) => [...failed])),
        reportTo: nameAlone(this),
        __since: Math.floor(Date.now() / 1000),
      },
      { parent: this },
    );
    tolerateFailure(resource); // the error stands on the resource, and keeps the next wave from its turn
    return { resource, end };
  }

  async #ask(wave: Wave, end: WaveEnd): Promise<GateAnswer> {
    const gate = this.#gates.get(wave.name);
    if (gate === undefined) return { open: true };
    gate.end.resolve(end);
    if ((await endOf(gate.resource)) === "done" || end.failed.length > 0) return { open: true };
    return { open: false, reason: `wave ${wave.name} is closed: see the error of its gate` };
  }
}

/** Not known in a preview that deploys to one of them. In an update one that was never made is left out by --target. */
async function membersOf(members: readonly pulumi.Output<GateMember>[]): Promise<pulumi.Input<GateMember>[]> {
  if (pulumi.runtime.isDryRun()) return [...members];
  const known = await Promise.all(members.map(valueAlone));
  return known.filter((member) => member !== undefined);
}
