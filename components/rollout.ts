import * as pulumi from "@pulumi/pulumi";
import type { RolloutPlan, Wave } from "../clan/rollout/plan-rollout.ts";
import { renderRollout } from "../clan/rollout/render-rollout.ts";
import { type End, failedIn, type GateAnswer, RolloutRun } from "../clan/rollout/run-rollout.ts";
import { WaveGate } from "../providers/wave-gate.ts";
import type { GateMember, WaveGateInputs } from "../providers/wave-gate-schema.ts";
import { nameAlone } from "./name-alone.ts";
import type { Place } from "./place.ts";
import { endOf, tolerateFailure } from "./tolerate-failure.ts";
import { valueAlone } from "./value-alone.ts";

export interface RolloutArgs {
  readonly plan: RolloutPlan;
  /** What must hold on each machine of a wave before the next one. */
  readonly healthGatesOf: (wave: Wave) => WaveGateInputs["healthGates"];
}

interface WaveEnd {
  readonly members: readonly pulumi.Output<GateMember>[];
  readonly failed: readonly string[];
}

const nothing: WaveEnd = { members: [], failed: [] };

/**
 * The order in which machines are deployed to. Children: `<name>-<wave>`, the gate behind a wave.
 *
 * Waves are kept by the order in which the program registers resources, not by `dependsOn`: after a failure the engine leaves
 * dependents out without a word, so that neither `continue` nor a reason could be had, and refuses `--target` of a machine
 * whose gate was never made (docs/adr/0015-waves.md).
 */
export class Rollout extends pulumi.ComponentResource {
  readonly #plan: RolloutPlan;
  readonly #run: RolloutRun;
  readonly #members = new Map<string, pulumi.Output<GateMember>>();
  readonly #ends = new Map<string, PromiseWithResolvers<WaveEnd>>();
  readonly #gates = new Map<string, WaveGate>();

  constructor(name: string, { plan, healthGatesOf }: RolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    const { waves, unreachable } = plan;
    const shown = waves.map(({ name: wave, machines, maxUnavailable, pauseSeconds, onFailure }) => ({
      wave,
      machines,
      onFailure,
      pauseSeconds,
      ...(maxUnavailable === null ? {} : { maxUnavailable }),
    }));
    super("clan:index:Rollout", name, { waves: shown, unreachable }, opts);
    this.#plan = plan;
    this.#run = new RolloutRun(plan, (wave, ends) => this.#ask(wave, ends));
    for (const wave of waves) if (wave.gated) this.#gate(name, wave, healthGatesOf(wave));
    if (pulumi.runtime.isDryRun()) void pulumi.log.info(renderRollout(plan), this);
    this.registerOutputs({});
  }

  /** Undefined: the machine has no turn, since its node is off. */
  placeOf(machine: string): Place | undefined {
    const wave = this.#plan.waves.find(({ machines }) => machines.includes(machine));
    if (wave === undefined) return undefined;
    const kind = this.#plan.refused[machine] === undefined ? "held" : "refused";
    return {
      unreachable: this.#plan.unreachable,
      takesBack: wave.onFailure === "rollback-wave",
      turn: this.#run.turn(machine).then((turn) => (turn.kind === "go" ? null : { kind, reason: turn.reason })),
      ended: (end, member) => {
        if (member !== undefined) this.#members.set(machine, member);
        this.#run.ended(machine, end);
      },
      gate: this.#run.gateOf(machine),
      finished: this.#run.finished,
    };
  }

  /** Registered when its wave has ended; behind a wave that had no turn it is left as it is. */
  #gate(name: string, wave: Wave, healthGates: WaveGateInputs["healthGates"]): void {
    const end = Promise.withResolvers<WaveEnd>();
    this.#ends.set(wave.name, end);
    const [first] = wave.machines;
    if (first !== undefined)
      void this.#run.gateOf(first).then(
        () => end.resolve(nothing),
        () => end.resolve(nothing),
      );
    const gate = new WaveGate(
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
    tolerateFailure(gate); // the error stands on the resource, and keeps the next wave from its turn
    this.#gates.set(wave.name, gate);
  }

  async #ask(wave: Wave, ends: ReadonlyMap<string, End>): Promise<GateAnswer> {
    const gate = this.#gates.get(wave.name);
    if (gate === undefined) return { open: true };
    const members = wave.machines.flatMap((machine) => this.#members.get(machine) ?? []);
    const failed = failedIn(ends);
    this.#ends.get(wave.name)?.resolve({ members, failed });
    if ((await endOf(gate)) === "done" || failed.length > 0) return { open: true };
    return { open: false, reason: `wave ${wave.name} is closed: see the error of its gate` };
  }
}

/** Not known in a preview that deploys to one of them. In an update one that was never made is left out by --target. */
async function membersOf(members: readonly pulumi.Output<GateMember>[]): Promise<pulumi.Input<GateMember>[]> {
  if (pulumi.runtime.isDryRun()) return [...members];
  const known = await Promise.all(members.map(valueAlone));
  return known.filter((member) => member !== undefined);
}
