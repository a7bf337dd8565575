import type { FleetModel, MachineClass } from "../../clan/fleet-model.ts";
import type { MachinePlan } from "../../clan/plan/machine-plan.ts";
import type { Provenance } from "../../clan/plan/provenance.ts";
import type { FleetError } from "../../errors.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { PlanLook } from "./look-for-plan.ts";
import { planReasons } from "./plan-reasons.ts";
import { planCopy, planPackages, planReboot } from "./plan-systems.ts";
import { renderLook } from "./render-look.ts";
import { type DeclaredSystem, isToBeDeployed, type KnownSystem, type ObservedSystem } from "./system-difference.ts";

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

/** All that a plan for one machine is made from. */
export interface PlanFacts {
  readonly class: MachineClass;
  readonly declared: DeclaredSystem;
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
  const change = look.kind === "off" ? "none" : planChange(facts);
  const current = look.kind === "seen" ? look.seen.observation.facts.current : null;
  const deploysOther = change !== "none" && current !== toplevel;
  const systems = look.kind === "seen" ? look.seen.systems : undefined;
  const silence = silenceOf(look);
  return {
    class: facts.class,
    reachable: reachableOf(look),
    host: renderLook(look, { toplevel, specialisation }),
    current,
    toplevel,
    change,
    reasons: change === "update" ? planReasons(facts) : [],
    packages: deploysOther ? planPackages(systems, silence) : null,
    copy: deploysOther ? planCopy(systems, silence) : null,
    reboot: deploysOther ? planReboot(systems, silence) : null,
    notes: [...(change === "update" ? modeNotes(mode) : []), ...(facts.notes ?? [])],
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
