import * as pulumi from "@pulumi/pulumi";
import { statedPolicy } from "../providers/stored-closure.ts";
import type { SystemClosure } from "../providers/system-closure.ts";
import { type Held, noAddress, type Observed } from "../providers/system-closure-schema.ts";
import type { GateMember } from "../providers/wave-gate-schema.ts";
import type { NodeSeen } from "../stack/choose-way.ts";
import type { HostProbe, MachineSettings, TakenWay, WayOfRun } from "./machine.ts";
import type { MachineOutcome } from "./machine-registry.ts";
import { endOf } from "./tolerate-failure.ts";

const failure = { outcome: "failed", generation: null, seconds: 0 } as const;

/** One machine's turn in a run: when its host is asked, whether it is deployed to, and what came of it. */
export class MachineTurn {
  /** What the host runs, told before an update; null: it was not asked, or did not answer. */
  readonly observed: pulumi.Output<Observed | null> | null;
  /** Resolves when it is the machine's turn; null: it is deployed to. */
  readonly held: pulumi.Output<Held | null>;
  readonly #settings: MachineSettings;
  readonly #way: Pick<WayOfRun, "dialled" | "seen">;
  /** The rollout knows already that the machine is done with. */
  #isOver = false;

  /** @param line - the resource on whose line is shown what the host says. */
  constructor(settings: MachineSettings, way: Pick<WayOfRun, "dialled" | "seen">, line: pulumi.Resource) {
    this.#settings = settings;
    this.#way = way;
    if (settings.node?.power === "off") {
      this.observed = null;
      this.held = pulumi.output<Held | null>(null);
      return;
    }
    const look = this.#look(line);
    this.observed = look.apply((probe) => probe?.observed ?? null);
    this.held = this.#heldBy(look);
  }

  /** The machine's row in the fleet's table, when it has ended. A failed resource gives no outputs: then its host is asked. */
  rowOf(closure: SystemClosure): pulumi.Output<MachineOutcome> {
    const { spec, place } = this.#settings;
    const end = this.#endWith(closure);
    const { dialled, seen } = this.#way;
    const row = pulumi
      .all([closure.outcome, closure.running, closure.generation, closure.seconds, dialled, seen, this.held])
      .apply(async ([outcome, toplevel, generation, seconds, way, vm, held]): Promise<MachineOutcome> => {
        const { targetHost } = way;
        const known = { class: spec.class, toplevel, generation, seconds, targetHost, ...nodeRow(vm) };
        if (held !== null) return { ...known, outcome: held.kind, reason: held.reason };
        await end;
        if (place?.takesBack !== true || pulumi.runtime.isDryRun() || (await place.gate).open)
          return { ...known, outcome };
        const running = (await this.#settings.probe(way)).observed?.running ?? null;
        if (running === toplevel) return { ...known, outcome };
        return { ...known, outcome: "rolled-back", reason: "taken back with its wave", toplevel: running };
      });
    return pulumi.recover(row, () => this.#afterFailure());
  }

  /** An address that is not known yet is not asked. In an update the host is asked when its turn comes, and not before. */
  #look(line: pulumi.Resource): pulumi.Output<HostProbe | null> {
    const { place, probe } = this.#settings;
    const isPreview = pulumi.runtime.isDryRun();
    return this.#way.dialled.apply(async (way) => {
      if (way.targetHost === noAddress) return null;
      if (!isPreview && place !== undefined && (await place.turn) !== null) return null;
      if (way.isAlarming === true) await pulumi.log.warn(`dialled at ${way.why}`, line);
      const seen = await probe(way);
      if (seen.text !== null) await pulumi.log.info(seen.text, line);
      return seen;
    });
  }

  #heldBy(look: pulumi.Output<HostProbe | null>): pulumi.Output<Held | null> {
    const { place, node, installation } = this.#settings;
    if (place === undefined) return pulumi.output<Held | null>(null);
    const turn = pulumi.output(place.turn);
    // A VM, and what is to be installed, does not sleep: it may be booting, and is waited for.
    if (place.unreachable === "fail" || node !== undefined || installation !== undefined) return turn;
    return pulumi.all([turn, look]).apply(async ([notYet, probe]): Promise<Held | null> => {
      if (notYet !== null || probe?.unreachable === undefined) return notYet;
      return this.#heldWithoutHost(probe.unreachable);
    });
  }

  /** Nobody answers. Another machine may begin in its place; who is queued tries again when all others have ended. */
  async #heldWithoutHost(reason: string): Promise<Held | null> {
    const { place, probe } = this.#settings;
    this.#isOver = true;
    place?.ended({ kind: "left" });
    if (place === undefined || place.unreachable === "skip") return { kind: "skipped", reason };
    if (pulumi.runtime.isDryRun()) return { kind: "queued", reason };
    const all = await place.finished;
    if (!all.open) return { kind: "held", reason: all.reason };
    const again = (await probe(await this.#dialled())).unreachable;
    return again === undefined ? null : { kind: "queued", reason: again };
  }

  /** Tells the rollout how the machine ended. */
  async #endWith(closure: SystemClosure): Promise<void> {
    const { place, probe } = this.#settings;
    if (place === undefined) return;
    const end = await endOf(closure);
    if (this.#isOver || (await place.turn) !== null) return;
    this.#isOver = true;
    if (end === "done") return place.ended({ kind: "done" }, this.#memberOf(closure));
    // In a preview nobody was deployed to.
    if (pulumi.runtime.isDryRun()) return place.ended({ kind: "failed", down: false });
    const way = await this.#dialled();
    place.ended({ kind: "failed", down: way.targetHost === noAddress || (await probe(way)).observed === null });
  }

  /** Known, since the machine was deployed to. */
  #dialled(): Promise<TakenWay> {
    return new Promise((resolve) => this.#way.dialled.apply(resolve));
  }

  #memberOf(closure: SystemClosure): pulumi.Output<GateMember> {
    const { machine, spec, delivery } = this.#settings;
    const { system, identityFiles, hostKeys, policy, hostKeyPolicy, jumpHosts, backEnd, owner } = delivery;
    const { connectDeadlineSeconds, deadlineSeconds } = delivery;
    const stored = { policy: statedPolicy(policy), hostKeyPolicy, jumpHosts, backEnd, owner };
    const way = { system, identityFiles, hostKeys, ...stored };
    // A state that was written before these were kept has none of them.
    const facts = pulumi.all([closure.running, closure.failedUnits, closure.previous, closure.deployedAt]);
    return pulumi.all([this.#way.dialled, facts]).apply(
      ([{ targetHost, address }, [running, failedUnits, previous, deployedAt]]): GateMember => ({
        machine,
        class: spec.class,
        targetHost,
        address,
        ...way,
        connectDeadlineSeconds,
        deadlineSeconds,
        running,
        failedUnits: failedUnits ?? [],
        previous: previous ?? null,
        deployedAt: deployedAt ?? null,
      }),
    );
  }

  /** What came of the host, the host says itself. */
  #afterFailure(): pulumi.Output<MachineOutcome> {
    const { spec, probe, targetHost: stated } = this.#settings;
    const { dialled, seen } = this.#way;
    return pulumi.all([dialled, seen]).apply(async ([way, vm]) => {
      const row = { ...failure, class: spec.class, toplevel: null };
      if (way.targetHost === noAddress) return { ...row, targetHost: stated };
      const { observed, unreachable, blocked } = await probe(way);
      const outcome = unreachable === undefined ? (blocked ?? failure.outcome) : "unreachable";
      return { ...row, outcome, toplevel: observed?.running ?? null, targetHost: way.targetHost, ...nodeRow(vm) };
    });
  }
}

/** Both ways are shown: the one that was taken, and the node's own where it is another. */
function nodeRow(vm: NodeSeen | null | undefined): Pick<MachineOutcome, "atNode"> {
  return vm ? { atNode: vm.atNode } : {};
}
