import { existsSync } from "node:fs";
import type { FleetModel, MachineClass } from "../../clan/fleet-model.ts";
import type { BuildPlan, BuildWork, MachinePlan, NodePlan } from "../../clan/plan/machine-plan.ts";
import type { Provenance } from "../../clan/plan/provenance.ts";
import { isPlain, type RolloutPlan, refusalOf } from "../../clan/rollout/plan-rollout.ts";
import type { MachineSecrets } from "../../clan/vars/machine-secrets.ts";
import type { ActivationPolicy } from "../../deploy/activation/policy.ts";
import { runs } from "../../deploy/boot/specialisation.ts";
import { renderGate } from "../../deploy/health/health-gate.ts";
import type { FleetError } from "../../errors.ts";
import { localSystem } from "../../local-nix/evaluation-request.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { StackOwner } from "../delivery.ts";
import type { PlanLook, SeenSystems } from "./look-for-plan.ts";
import { planReasons } from "./plan-reasons.ts";
import { planCopy, planPackages, planReboot, planUnitChanges } from "./plan-systems.ts";
import { planWarnings } from "./plan-warnings.ts";
import { renderLook } from "./render-look.ts";
import {
  type DeclaredSystem,
  differsInSecrets,
  isToBeDeployed,
  type KnownSystem,
  type ObservedSystem,
} from "./system-difference.ts";

/** What the stack's state knows of a machine: all of it may be missing in the state of an older release. */
export interface KnownDeployment extends KnownSystem {
  /** What was declared last, whatever became of it. */
  readonly toplevel?: StorePath | undefined;
  /** Outcome of the last deployment. */
  readonly outcome?: string | undefined;
  readonly generation?: number | null | undefined;
  readonly bootId?: string | null | undefined;
  /** The cloud's number of the VM to which it was deployed. */
  readonly instanceId?: string | undefined;
  /** `[user@]host[:port]` that was dialled then. */
  readonly targetHost?: string | undefined;
  /** Why the host was not as deployed when it was last asked. */
  readonly drift?: string | null | undefined;
  /** Stacks that it was moved from and whose mark the host may still carry. */
  readonly formerOwners?: readonly StackOwner[] | undefined;
  /** Encoded provenance of what was deployed last. */
  readonly madeFrom?: string | undefined;
}

/** `none`: the state has no such machine. `unreadable`: the state cannot be had. */
export type Known =
  | { readonly kind: "known"; readonly deployment: KnownDeployment }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly why: string };

/** A host that was not asked: `off` its node, `not-asked` for want of an address, `failed` for an error on the way. */
export type MachineLook =
  | PlanLook
  | { readonly kind: "off"; readonly reason: string }
  | { readonly kind: "not-asked"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: FleetError };

/** What is declared of a deployment, also as far as it is only told. */
export type DeclaredDeployment = DeclaredSystem & {
  readonly policy: Pick<ActivationPolicy, "healthGates" | "rebootPolicy"> & Partial<Pick<ActivationPolicy, "cache">>;
  readonly secrets?: Pick<MachineSecrets, "digest" | "identity" | "files"> | null | undefined;
};

/** All that a plan for one machine is made from. */
export interface PlanFacts {
  readonly machine: string;
  readonly class: MachineClass;
  /** Platform that the system is built for. */
  readonly system: string;
  readonly declared: DeclaredDeployment;
  /** Where the system is built. */
  readonly buildOn: "local" | "target";
  /** What is left to be built and fetched here, where that was asked. */
  readonly work?: BuildWork | undefined;
  /** Why the system does not build, where that was tried. */
  readonly buildFailure?: string | undefined;
  /** What becomes of the node under it. Default: there is none. */
  readonly node?: NodePlan | undefined;
  /** The order in which the stack is deployed to. Default: none. */
  readonly rollout?: RolloutPlan | undefined;
  readonly known: Known;
  readonly look: MachineLook;
  /** The look's facts as a provider compares them; undefined where the host was not seen. */
  readonly observed: ObservedSystem | undefined;
  /** What the declared system is made of; undefined: not known. */
  readonly provenance: Provenance | undefined;
  readonly namespaces: FleetModel["namespaces"];
  /** What others have to say of the machine's deployment. Default: nothing. */
  readonly notes?: MachinePlan["notes"];
}

/** Decides what the next deployment does to one machine. Touches nothing. */
export function planMachine(facts: PlanFacts): MachinePlan {
  const { declared, look } = facts;
  const { specialisation = null, mode } = declared.policy;
  const { toplevel } = declared;
  const refused = facts.rollout && refusalOf(facts.rollout, facts.machine);
  const change = look.kind === "off" || refused !== undefined ? "none" : planChange(facts);
  const current = look.kind === "seen" ? look.seen.observation.facts.current : null;
  // A specialisation that runs is another system than the one that it belongs to.
  const runsIt = look.kind === "seen" && runs(look.seen.observation.facts, { toplevel, specialisation });
  const deploysOther = change !== "none" && !runsIt;
  const systems = look.kind === "seen" ? look.seen.systems : undefined;
  const silence = silenceOf(look);
  const packages = deploysOther ? planPackages(systems, silence) : null;
  const copy = deploysOther ? planCopy(declared, systems, silence) : null;
  const units = deploysOther ? planUnitChanges(facts.class, declared, systems, silence) : null;
  return {
    class: facts.class,
    reachable: reachableOf(look),
    host: renderLook(look, { toplevel, specialisation }),
    current,
    booted: look.kind === "seen" ? look.seen.observation.facts.booted : null,
    toplevel,
    change,
    reasons: change === "update" ? planReasons(facts) : [],
    packages,
    copy,
    reboot: deploysOther ? planReboot(declared, systems, silence) : null,
    units,
    build: deploysOther ? planBuild(facts, systems) : null,
    secrets: planSecretFiles(facts),
    gates: change === "update" && mode !== "boot" && mode !== "dry" ? declared.policy.healthGates.map(renderGate) : [],
    wave: waveOf(facts),
    node: facts.node ?? null,
    warnings: planWarnings(facts, { change, packages, copy, units }),
    notes: [...(change === "update" ? modeNotes(mode) : []), ...rolloutNotes(facts, change), ...(facts.notes ?? [])],
  };
}

/** Nothing is to be deployed to a host that did not answer, by what is known of it: that is not the same as no change. */
function planChange({ declared, known, look, observed }: PlanFacts): MachinePlan["change"] {
  const silent = look.kind === "seen" ? "none" : "unknown";
  switch (known.kind) {
    case "none":
      return "update";
    case "known":
      return isToBeDeployed(known.deployment, declared, observed) ? "update" : silent;
    case "unreadable": {
      // As if it had been deployed as it is now: then what the host says decides.
      const { takeOver } = declared.policy;
      const { toplevel, owner, secrets } = declared;
      const secretsDelivered = secrets?.digest ?? null;
      const asDeclared = { running: toplevel, profile: toplevel, owner, takeOver, secretsDelivered };
      return observed !== undefined && isToBeDeployed({ ...asDeclared, ...observed }, declared, observed)
        ? "update"
        : silent;
    }
  }
}

/** A stack that states no order has none to tell. */
function waveOf({ machine, rollout }: PlanFacts): MachinePlan["wave"] {
  if (rollout === undefined || isPlain(rollout)) return null;
  const index = rollout.waves.findIndex(({ machines }) => machines.includes(machine));
  const wave = rollout.waves[index];
  return wave === undefined ? null : { number: index + 1, of: rollout.waves.length, name: wave.name };
}

/** What the rollout makes of a machine that has its turn in another run, or may have. */
function rolloutNotes({ machine, rollout, look }: PlanFacts, change: MachinePlan["change"]): MachinePlan["notes"] {
  const refused = rollout && refusalOf(rollout, machine);
  if (refused !== undefined) return [{ kind: "rollout", text: `not deployed to: ${refused}` }];
  if (rollout === undefined || change !== "update" || look.kind !== "unreachable") return [];
  const texts = {
    fail: undefined,
    skip: "if it does not answer then, it is left for another update",
    queue: "if it does not answer then, it is tried again behind the last wave",
  };
  const text = texts[rollout.unreachable];
  return text === undefined ? [] : [{ kind: "rollout", text }];
}

/** A system that lies here is copied, wherever the next one would be built. */
function planBuild({ buildOn, declared, system, work }: PlanFacts, systems: SeenSystems | undefined): BuildPlan {
  const isHere = systems?.wanted !== undefined || existsSync(declared.toplevel);
  if (buildOn === "target") {
    const unseen = { kind: "unknown", why: "only the host's own Nix knows" } as const;
    return { where: "target", state: "to-build", foreignPlatform: null, work: unseen };
  }
  const foreignPlatform = system === localSystem() ? null : system;
  if (isHere) return { where: "here", state: "built", foreignPlatform, work: null };
  const unasked = { kind: "unknown", why: "Nix was not asked" } as const;
  return { where: "here", state: "to-build", foreignPlatform, work: work ?? unasked };
}

function planSecretFiles({ declared, known, look }: PlanFacts): MachinePlan["secrets"] {
  const { secrets } = declared;
  if (secrets == null || look.kind === "off") return null;
  const delivered = known.kind === "known" ? (known.deployment.secretsDelivered ?? null) : null;
  const files = [secrets.identity, ...secrets.files].map(({ target }) => target);
  return { change: differsInSecrets(delivered, declared), files };
}

/** Whether the host was last seen to run another system; undefined: nothing was asked. */
export function isOther(known: Known | undefined, toplevel: StorePath): boolean {
  return known?.kind === "known" && known.deployment.running !== toplevel;
}

function reachableOf(look: MachineLook): boolean | null {
  if (look.kind === "off" || look.kind === "not-asked") return null;
  return look.kind === "seen";
}

function silenceOf({ kind }: MachineLook): string | undefined {
  if (kind === "seen") return undefined;
  return kind === "off" || kind === "not-asked" ? "the host was not asked" : "the host does not answer";
}

function modeNotes(mode: DeclaredSystem["policy"]["mode"]): MachinePlan["notes"] {
  const texts: Partial<Record<typeof mode, string>> = {
    boot: "mode boot: it runs after the next boot",
    test: "mode test: it runs until the next boot",
    dry: "mode dry: the host is only looked at",
  };
  const text = texts[mode];
  return text === undefined ? [] : [{ kind: "mode", text }];
}
