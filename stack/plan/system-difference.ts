import type { ActivationPolicy } from "../../deploy/activation/policy.ts";
import { runs, type SeenRun } from "../../deploy/boot/specialisation.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { StackOwner } from "../delivery.ts";

/** What is declared for a host, as far as it is compared. */
export interface DeclaredSystem {
  readonly toplevel: StorePath;
  readonly policy: Pick<ActivationPolicy, "mode" | "takeOver"> & {
    readonly specialisation?: string | null | undefined;
  };
  readonly owner: StackOwner;
  /** Delivered with it; absent: none are. */
  readonly secrets?: { readonly digest: string } | null | undefined;
}

/** What the state knows of a host. A key that is absent is not known: an older program kept less. */
export interface KnownSystem {
  readonly power?: "on" | "off" | undefined;
  readonly owner?: StackOwner | undefined;
  /** Of the policy of the last deployment. */
  readonly takeOver?: boolean | undefined;
  readonly running?: StorePath | null | undefined;
  /** Systems of which what runs is a specialisation, and by what name. */
  readonly specialisations?: SeenRun["specialisations"] | undefined;
  readonly profile?: StorePath | null | undefined;
  readonly nextBoot?: StorePath | null | undefined;
  readonly marker?: StackOwner | null | undefined;
  readonly openTransaction?: object | null | undefined;
  readonly leftovers?: readonly string[] | undefined;
  /** Digest of the secrets that the last deployment left on the host. */
  readonly secretsDelivered?: string | null | undefined;
}

/** What a probe saw on a host. */
export interface ObservedSystem {
  readonly running: StorePath | null;
  readonly specialisations: SeenRun["specialisations"];
  readonly profile: StorePath | null;
  /** Nothing of a switch is left to be done. */
  readonly settled: boolean;
}

/**
 * Whether the next update deploys to a host. What a provider answers and what a plan says is decided here.
 * @param observed - undefined: it was not asked, or did not answer; then the last known state decides alone.
 */
export function isToBeDeployed(
  known: KnownSystem,
  declared: DeclaredSystem,
  observed: ObservedSystem | undefined,
): boolean {
  return (
    known.power === "off" ||
    differsFromKnown(known, declared) ||
    (observed !== undefined && differsFromObserved(observed, declared)) ||
    !isOwner(known.owner, declared.owner) ||
    differsInSecrets(known.secretsDelivered ?? null, declared) ||
    (known.takeOver ?? false) !== declared.policy.takeOver
  );
}

/**
 * What a host was last seen to be, against what is declared now. Why it is so is told, not compared: a system that was
 * deployed by hand and is the declared one is no difference.
 */
function differsFromKnown(known: KnownSystem, { toplevel, policy, owner }: DeclaredSystem): boolean {
  const { profile, nextBoot, marker, openTransaction, leftovers = [] } = known;
  const nextDiffers = profile !== toplevel || (nextBoot != null && nextBoot !== toplevel);
  const unfinished = openTransaction != null || leftovers.length > 0 || (marker != null && !isOwner(marker, owner));
  if (policy.mode === "boot") return nextDiffers || unfinished;
  // Only until the next boot: the profile names another system on purpose.
  const isRunning = runsDeclared(known, toplevel, policy);
  if (policy.mode === "test") return !isRunning || leftovers.length > 0;
  return !isRunning || nextDiffers || unfinished;
}

/** What the probe of this run saw, as far as the mode goes. */
function differsFromObserved(observed: ObservedSystem, { toplevel, policy }: DeclaredSystem): boolean {
  const { profile, settled } = observed;
  if (policy.mode === "boot") return profile !== toplevel;
  const isRunning = runsDeclared(observed, toplevel, policy);
  return policy.mode === "test" ? !isRunning : !isRunning || profile !== toplevel || !settled;
}

/**
 * A change of secrets alone is a deployment, too; what the clan no longer keeps is left where it lies.
 * @param delivered - digest of what the last deployment left on the host.
 */
export function differsInSecrets(delivered: string | null, { secrets, policy }: DeclaredSystem): boolean {
  return secrets != null && policy.mode !== "dry" && secrets.digest !== delivered;
}

function isOwner(seen: StackOwner | undefined, wanted: StackOwner): boolean {
  return seen?.project === wanted.project && seen.stack === wanted.stack;
}

function runsDeclared(
  { running, specialisations = [] }: Pick<KnownSystem, "running" | "specialisations">,
  toplevel: StorePath,
  policy: DeclaredSystem["policy"],
): boolean {
  // What an older program gives has no such key.
  return runs(
    { current: running ?? null, specialisations },
    { toplevel, specialisation: policy.specialisation ?? null },
  );
}
