import { compareProvenance } from "../../clan/plan/compare-provenance.ts";
import type { Reason } from "../../clan/plan/machine-plan.ts";
import { decodeProvenance, isProvenanceOf } from "../../clan/plan/provenance.ts";
import { explainDrift } from "../../deploy/observation/drift.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { KnownDeployment, PlanFacts } from "./plan-machine.ts";
import { differsInSecrets } from "./system-difference.ts";

/** Why a machine is deployed. Only what is known to have changed: where nothing is, that is said. */
export function planReasons(facts: PlanFacts): Reason[] {
  const { known } = facts;
  if (known.kind === "none") return [reason("first-deployment", "this stack has not deployed it yet")];
  if (known.kind === "unreadable") return [unknown(known.why)];
  const { deployment } = known;
  const ofHost = [
    ...secretReasons(deployment, facts),
    ...powerReasons(deployment),
    ...ownerReasons(deployment, facts),
    ...driftReasons(deployment, facts),
    ...unfinishedReasons(deployment),
  ];
  const ofFleet = fleetReasons(deployment, facts, ofHost.length > 0);
  const all = [...ofFleet, ...ofHost];
  return all.length > 0 ? all : [unknown("nothing that is recorded of it differs")];
}

function secretReasons({ secretsDelivered = null }: KnownDeployment, { declared }: PlanFacts): Reason[] {
  if (!differsInSecrets(secretsDelivered, declared)) return [];
  return [reason("secrets", secretsDelivered === null ? "its secrets were not delivered yet" : "its secrets changed")];
}

function powerReasons({ power }: KnownDeployment): Reason[] {
  return power === "off" ? [reason("power", "its node was off at the last deployment")] : [];
}

function ownerReasons({ owner, takeOver = false }: KnownDeployment, { declared }: PlanFacts): Reason[] {
  const { project, stack } = declared.owner;
  const moved = owner !== undefined && (owner.project !== project || owner.stack !== stack);
  return [
    ...(moved ? [reason("owner", `its stack was ${owner.project}/${owner.stack}`)] : []),
    ...(takeOver === declared.policy.takeOver
      ? []
      : [reason("owner", `policy takeOver: ${takeOver} → ${declared.policy.takeOver}`)]),
  ];
}

/** The host, against what was deployed to it last. */
function driftReasons(
  deployment: KnownDeployment,
  { class: machineClass, declared, look, observed }: PlanFacts,
): Reason[] {
  const { toplevel, running = null, profile = null, generation = null, bootId = null, drift = null } = deployment;
  if (look.kind !== "seen") return drift === null ? [] : [reason("drift", drift)];
  if (toplevel === undefined) return [];
  const { observation } = look.seen;
  const { current, profile: named } = observation.facts;
  const asLastSeen = current === running && named === profile;
  // A switch that was not finished, or another boot entry, shows in neither of them.
  const isWhole = observed?.settled !== false || declared.policy.mode === "test" || !endedWell(deployment);
  if (asLastSeen && isWhole) return drift === null ? [] : [reason("drift", drift)];
  const specialisation = declared.policy.specialisation ?? null;
  const { owner } = declared;
  const last = { toplevel, running, profile, generation, bootId, drift, owner, class: machineClass };
  const text = explainDrift({ ...last, policy: { specialisation } }, observation);
  return text === null ? [] : [reason("drift", text)];
}

function unfinishedReasons(deployment: KnownDeployment): Reason[] {
  const { outcome = "", openTransaction, leftovers = [] } = deployment;
  return [
    ...(endedWell(deployment) ? [] : [reason("unfinished", `the last deployment ended as ${outcome}`)]),
    ...(openTransaction == null ? [] : [reason("unfinished", "a deployment was begun and not ended")]),
    ...(leftovers.length === 0
      ? []
      : [reason("unfinished", `a switch was cut off: ${leftovers.slice(0, 5).join(", ")}`)]),
  ];
}

/** A node that was stopped has no outcome of its own. */
const wellEnded = ["", "skipped", "unchanged", "switched", "switched-with-failed-units"];

export function endedWell({ outcome = "" }: { readonly outcome?: string | undefined }): boolean {
  return wellEnded.includes(outcome);
}

/** What changed of the fleet since this machine was deployed. */
function fleetReasons(
  { madeFrom, toplevel, running }: KnownDeployment,
  { declared, provenance, namespaces }: PlanFacts,
  hasOthers: boolean,
): Reason[] {
  const stored = madeFrom === undefined ? undefined : decodeProvenance(madeFrom);
  const isNew = (known: StorePath | null | undefined): boolean => known !== declared.toplevel;
  if (stored === undefined) {
    // What was declared before is declared still: then only the host is another one.
    if (hasOthers && !isNew(toplevel)) return [];
    return isNew(running) || isNew(toplevel) ? [unknown("deployed before reasons were kept")] : [];
  }
  if (isProvenanceOf(stored, declared.toplevel)) return [];
  if (provenance === undefined) return [unknown("what it is made of could not be read")];
  const found = compareProvenance(stored, provenance, namespaces);
  return found.length > 0 ? found : [unknown("nothing differs of what it is made of by imports")];
}

function reason(kind: Reason["kind"], text: string): Reason {
  return { kind, name: null, change: null, text };
}

function unknown(why: string): Reason {
  return reason("unknown", `unknown: ${why}`);
}
