import { renderStorePath, type StorePath } from "../../local-nix/store-path.ts";
import { openTransaction } from "../activation/plan-activation.ts";
import type { Owner } from "../activation/transaction.ts";
import { renderRun, runs, type SeenRun } from "../boot/specialisation.ts";
import type { Observation } from "./observe-host.ts";

/** What was last known of a host. */
export interface KnownHost {
  /** What it was deployed to run. */
  readonly toplevel: StorePath;
  /** Of it, and to run instead of it. */
  readonly policy: { readonly specialisation: string | null };
  readonly class: "nixos" | "darwin";
  readonly owner: Omit<Owner, "machine">;
  readonly running: StorePath | null;
  readonly profile: StorePath | null;
  readonly generation: number | null;
  readonly bootId: string | null;
  /** Why it was not as deployed, the last time. */
  readonly drift: string | null;
}

/**
 * Why a host is not what was deployed to it, in words for a person; null: it is.
 * A host that is as it was last seen has not drifted since: what was known of it stays true, also that a deployment failed.
 */
export function explainDrift(known: KnownHost, { facts, lastSwitch }: Observation): string | null {
  const findings = [...systemDrift(known, facts), ...otherDrift(known, facts)];
  if (findings.length === 0) return null;
  const asLastSeen = facts.current === known.running && facts.profile === known.profile;
  if (asLastSeen && known.drift !== null) return known.drift;
  const who = asLastSeen || lastSwitch === undefined ? [] : [renderSwitch(lastSwitch)];
  return [...findings, ...who].join("; ");
}

function systemDrift(known: KnownHost, facts: Observation["facts"]): string[] {
  const { current, profile, generation, booted, bootId } = facts;
  const { toplevel } = known;
  const { specialisation } = known.policy;
  if (!runs(facts, { toplevel, specialisation })) {
    const now = renderRun(facts) ?? "no system of a store";
    if (isOf(facts, toplevel) && profile === toplevel) {
      const how = known.bootId !== null && known.bootId !== bootId && current === booted ? "rebooted into" : "runs";
      return [
        `${how} ${now}, declared is ${specialisation === null ? "no specialisation" : `specialisation ${specialisation}`}`,
      ];
    }
    if (known.bootId !== null && known.bootId !== bootId && current === booted) return [`rebooted into ${now}`];
    if (current !== profile) return [`runs ${now}, which the profile does not name: a reboot would undo it`];
    const step = generation ?? 0;
    const earlier = known.generation !== null && generation !== null && step < known.generation;
    return [earlier ? `rolled back to ${now}, generation ${step}` : `switched to ${now}, generation ${generation}`];
  }
  if (profile !== toplevel) {
    const named = profile === null ? "nothing" : renderStorePath(profile);
    return [`the profile names ${named}, generation ${generation}: another system after a reboot`];
  }
  const boots = facts.boot.toplevel;
  const hasLoader =
    known.class === "nixos" && facts.bootable && facts.boot.kind !== "none" && facts.boot.kind !== "unverified";
  return hasLoader && boots !== toplevel
    ? [`the next boot starts ${boots === null ? "nothing known" : renderStorePath(boots)}`]
    : [];
}

/** The system itself, or any specialisation of it. */
function isOf({ current, specialisations }: SeenRun, toplevel: StorePath): boolean {
  return current === toplevel || specialisations.some(({ of }) => of === toplevel);
}

function otherDrift({ owner }: KnownHost, facts: Observation["facts"]): string[] {
  const findings: string[] = [];
  const mark = facts.owner;
  if (mark !== undefined && mark !== "unreadable" && (mark.project !== owner.project || mark.stack !== owner.stack))
    findings.push(`the host belongs to ${mark.project}/${mark.stack} now`);
  if (facts.transaction === "unreadable") findings.push("another version of pulumi-clan began a deployment");
  else if (facts.transaction !== undefined) {
    const { toplevel, owner: by } = facts.transaction;
    const state = openTransaction(facts) === undefined ? "was cut off by a reboot" : "is open";
    findings.push(`a deployment of ${renderStorePath(toplevel)} by ${by.project}/${by.stack} ${state}`);
  }
  if (facts.leftovers.length > 0)
    findings.push(`a switch was cut off, not yet restarted: ${facts.leftovers.slice(0, 5).join(", ")}`);
  return findings;
}

/** When a host was last switched, and by which tool. */
export function renderSwitch({ tool, at }: NonNullable<Observation["lastSwitch"]>): string {
  const when = new Date(at * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  return `last switched ${when} ${tool === undefined ? "by hand" : `by ${tool}`}`;
}
