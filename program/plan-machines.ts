import * as pulumi from "@pulumi/pulumi";
import { encodeProvenance, type Provenance } from "../clan/plan/provenance.ts";
import { renderMachinePlan } from "../clan/plan/render-plan.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import type { RolloutPlan } from "../clan/rollout/plan-rollout.ts";
import type { MachineSecrets } from "../clan/vars/machine-secrets.ts";
import type { HostProbe } from "../components/machine.ts";
import { SecretText } from "../deploy/ssh/secret-text.ts";
import { observedOf } from "../providers/host-observation.ts";
import { knownBy } from "../providers/known-machines.ts";
import type { Report } from "../report.ts";
import type { ChosenWay, DialledAt } from "../stack/choose-way.ts";
import type { HostConnection } from "../stack/connections.ts";
import { wayOf } from "../stack/delivery.ts";
import { type KnownNode, knownNodes, knownZones } from "../stack/known-nodes.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { BuildsToDo } from "../stack/plan/builds-to-do.ts";
import { LocalSystems } from "../stack/plan/local-systems.ts";
import { askForPlan } from "../stack/plan/look-for-plan.ts";
import {
  type DeclaredDeployment,
  isOther,
  type Known,
  type PlanFacts,
  planMachine,
} from "../stack/plan/plan-machine.ts";
import { planNode } from "../stack/plan/plan-node.ts";
import { secretNotes } from "../stack/plan/secret-notes.ts";
import type { DeclaredSystem } from "../stack/plan/system-difference.ts";
import { tryProvenances } from "../stack/plan/try-provenances.ts";
import type { Stack } from "../stack/stack.ts";
import type { EngineState } from "./engine-state.ts";

/** What the last update of this stack left in its state. */
interface KnownState {
  readonly known: (machine: string) => Known;
  /** Machine → its VM; undefined: it cannot be read. */
  readonly vms: ReadonlyMap<string, KnownNode> | undefined;
  /** Machine → the zone that was found for its VM. */
  readonly zones: ReadonlyMap<string, string>;
}

/** How the hosts are dialled, and in which order they are deployed to. */
export interface PlannedHosts {
  readonly connections: ReadonlyMap<string, HostConnection>;
  readonly rollout: RolloutPlan;
}

/** The plans of a stack's machines, each made when its host's address is known. */
export class PlanMachines {
  readonly #fleet: Fleet;
  readonly #stack: Stack;
  readonly #hosts: PlannedHosts;
  readonly #provenances: ReadonlyMap<string, Provenance>;
  readonly #state: KnownState | undefined;
  readonly #locals: LocalSystems;
  readonly #builds: BuildsToDo;
  readonly #signal: AbortSignal;

  /** @param state - absent: nobody is told a plan. */
  constructor(
    fleet: Fleet,
    stack: Stack,
    hosts: PlannedHosts,
    provenances: ReadonlyMap<string, Provenance>,
    state: KnownState | undefined,
    signal: AbortSignal,
  ) {
    this.#fleet = fleet;
    this.#stack = stack;
    this.#hosts = hosts;
    this.#provenances = provenances;
    this.#state = state;
    this.#locals = new LocalSystems(signal);
    this.#builds = new BuildsToDo(signal);
    this.#signal = signal;
  }

  /** What the state keeps, so that a later plan can say why the system changes. */
  madeFrom(machine: string, toplevel: string): string | undefined {
    const made = this.#provenances.get(machine);
    return made === undefined ? undefined : encodeProvenance(toplevel, made);
  }

  /**
   * Asks the host of one machine; all are asked in parallel, each with a short deadline. Whatever is wrong with one host is
   * said in its machine's plan: an exception here would end the preview of the whole fleet.
   */
  async probe(
    owned: OwnedMachine,
    dialled: DialledAt & Partial<ChosenWay>,
    declared: DeclaredDeployment & { readonly secrets: MachineSecrets | null },
    { system, buildOn, drvPath }: Pick<PlanFacts, "system" | "buildOn"> & { readonly drvPath: string },
  ): Promise<HostProbe> {
    const { machine, spec } = owned;
    const known = this.#state?.known(machine);
    const { toplevel } = declared;
    const working = known && this.#builds.ask({ drvPath, toplevel, buildOn, known });
    working?.catch(() => undefined); // who waits for it hears of it
    const look = await this.#look(machine, dialled, spec.class, declared);
    const observed = look.kind === "seen" ? observedOf(look.seen.observation.facts, spec.class) : null;
    const unreachable = look.kind === "unreachable" ? look.reason : undefined;
    // How a failed deployment ended is in no answer of the engine, and not yet in its state: what is in the way shows here.
    const blocked = look.kind === "host-key" || look.kind === "authentication" ? look.kind : undefined;
    if (this.#state === undefined || known === undefined) return { text: null, observed, unreachable, blocked };
    const plan = planMachine({
      machine,
      class: spec.class,
      system,
      buildOn,
      work: await working,
      declared,
      known,
      look,
      observed: observed ?? undefined,
      node: planNode(owned, this.#state.vms, this.#state.zones),
      rollout: this.#hosts.rollout,
      provenance: this.#provenances.get(machine),
      namespaces: this.#fleet.model.namespaces,
      notes: [
        ...(dialled.why === undefined ? [] : [{ kind: "dialled", text: dialled.why }]),
        ...(await secretNotes(machine, known, declared)),
      ],
    });
    return { text: renderMachinePlan(plan), observed, unreachable, blocked };
  }

  async #look(
    machine: string,
    { targetHost, address }: DialledAt,
    machineClass: "nixos" | "darwin",
    { toplevel, policy }: DeclaredSystem,
  ) {
    const connection = this.#hosts.connections.get(machine);
    if (connection === undefined) return { kind: "not-asked", reason: "no way to it is known" } as const;
    const { sudoPassword } = this.#stack.config;
    const password = sudoPassword === undefined ? undefined : new SecretText(sudoPassword);
    const way = { ...wayOf(machine, connection, this.#stack), targetHost, address };
    // In an update only what `diff` compares is asked: the plan was shown before.
    const locals = this.#state === undefined ? undefined : this.#locals;
    const expectsOther = isOther(this.#state?.known(machine), toplevel);
    const question = { class: machineClass, toplevel, expectsOther, specialisation: policy.specialisation ?? null };
    return askForPlan(way, question, locals, this.#signal, password);
  }
}

/** Reads what the plans of a stack's machines are made from. */
export async function preparePlans(
  fleet: Fleet,
  stack: Stack,
  owned: readonly OwnedMachine[],
  hosts: PlannedHosts,
  state: EngineState,
  report: Report,
  signal: AbortSignal,
): Promise<PlanMachines> {
  const known = pulumi.runtime.isDryRun() ? knownBefore(state) : undefined;
  const provenances = await tryProvenances(fleet, stack, owned, report, signal);
  return new PlanMachines(fleet, stack, hosts, provenances, known, signal);
}

/** An engine that does not answer must not end a preview: the machines' plans say that reasons are not known. */
function knownBefore(state: EngineState): KnownState {
  if (state.kind !== "read") return { known: () => state, vms: undefined, zones: new Map() };
  return { known: knownBy(state.resources), vms: knownNodes(state.resources), zones: knownZones(state.resources) };
}
