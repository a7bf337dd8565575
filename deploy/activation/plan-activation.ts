import type { StorePath } from "../../local-nix/store-path.ts";
import { runs } from "../boot/specialisation.ts";
import type { HostFacts, Job, MachineClass } from "../host-facts.ts";
import { activatedBy, type JobPhase, jobId, type Owner, type Transaction } from "./transaction.ts";

/** What a host shall run. */
export interface Wanted {
  readonly class: MachineClass;
  readonly system: string;
  readonly toplevel: StorePath;
  /** Of the toplevel, to be run instead of it; null: none. */
  readonly specialisation: string | null;
  readonly owner: Owner;
  /** Whose the machine was before it was moved to this stack: their mark on the host is no refusal. Default: nobody's. */
  readonly formerOwners?: readonly Owner[];
  readonly takeOver: boolean;
  readonly mode: "switch" | "boot" | "test" | "dry";
  /** For a transaction that must be begun. */
  readonly newId: string;
}

/** One thing to do; executed in order, each judged before the next. */
export type Step =
  /** Nothing is touched. */
  | { readonly kind: "refuse"; readonly reason: string }
  /** The host is as declared, and shall carry our mark. */
  | { readonly kind: "claim"; readonly owner: Owner }
  /** An earlier deployment of another system is under way: have it rolled back, then plan anew. */
  | { readonly kind: "await"; readonly job: string }
  | { readonly kind: "roots"; readonly declared: StorePath; readonly previous: StorePath | null }
  | { readonly kind: "push"; readonly toplevel: StorePath }
  /** What the new system is, compared with the host, before anything of it runs. */
  | { readonly kind: "check"; readonly toplevel: StorePath }
  /** What a `test` would do. */
  | { readonly kind: "dry"; readonly toplevel: StorePath }
  /**
   * Makes it the running system, under a supervisor that goes back to `previous` by itself unless it is told otherwise.
   * `attach`: it is under way or done, and taken over.
   */
  | {
      readonly kind: "test";
      readonly job: string;
      readonly attach: boolean;
      readonly transaction: Transaction;
      /** A job of a transaction that was stopped half way, and whose memory of the time before is the true one. */
      readonly heirOf?: string;
    }
  /** Tells the supervisor over a new connection that the host can be reached and is well: it commits. */
  | { readonly kind: "acknowledge"; readonly job: string; readonly transaction: Transaction }
  /** Profile and boot entry alone, compare-and-swap: of what was acknowledged before, or is `staged` for the next boot. */
  | {
      readonly kind: "commit";
      readonly job: string;
      readonly attach: boolean;
      readonly staged: boolean;
      readonly transaction: Transaction;
    };

/** Decides what a deployment does; touches nothing. An empty list: the host is as declared, and ours. */
export function planActivation(facts: HostFacts, wanted: Wanted): readonly Step[] {
  const reason = reasonToRefuse(facts, wanted);
  if (reason !== undefined) return [{ kind: "refuse", reason }];
  if (isUnchanged(facts, wanted) || (wanted.mode === "boot" && isStaged(facts, wanted))) {
    return isOwned(facts, wanted.owner) ? [] : [{ kind: "claim", owner: wanted.owner }];
  }
  if (wanted.mode === "dry") {
    const { toplevel } = wanted;
    return [
      { kind: "push", toplevel },
      { kind: "check", toplevel },
      { kind: "dry", toplevel },
    ];
  }
  const open = undisturbed(openTransaction(facts), facts);
  const taken = open !== undefined && canBeTakenOver(open, wanted) ? open : undefined;
  // Also of a transaction that somebody disturbed: its supervisor still goes back at its deadline, whatever we did meanwhile.
  const others = facts.jobs.find((one) => isAlive(one) && !(taken !== undefined && isOf(one, taken)));
  if (others !== undefined) return [{ kind: "await", job: others.id }];
  const job = open === undefined ? undefined : lastJob(facts, open);
  const preparation = (previous: StorePath | null): readonly Step[] => [
    { kind: "roots", declared: wanted.toplevel, previous },
    { kind: "push", toplevel: wanted.toplevel },
    { kind: "check", toplevel: wanted.toplevel },
  ];
  const transaction = begun(open, facts, wanted);
  if (wanted.mode === "boot") return [...preparation(facts.current), stagingStep(facts, transaction)];
  if (taken !== undefined) {
    const continued = { ...taken, owner: wanted.owner };
    if (job?.id.includes("-commit-") && isAlive(job)) {
      return [...preparation(taken.previous.current), commitStep(facts, continued)];
    }
    if (job !== undefined && attachable(job)) {
      const steps = testAndAcknowledge(job.id, true, continued);
      return [...preparation(taken.previous.current), ...steps];
    }
    if (taken.phase === "committing" && runs(facts, wanted) && wanted.mode === "switch") {
      return [...preparation(taken.previous.current), commitStep(facts, continued)];
    }
  }
  const heirOf = open === undefined ? undefined : lastJob(facts, open)?.id;
  const steps = testAndAcknowledge(jobId(transaction, "test", 1), false, transaction, heirOf);
  return [...preparation(transaction.previous.current), ...steps];
}

/** What is done instead of `test` when only a reboot leads to the declared system. */
export function stagingStep(facts: HostFacts, transaction: Transaction): Extract<Step, { readonly kind: "commit" }> {
  return { ...commitStep(facts, transaction), staged: true };
}

function testAndAcknowledge(job: string, attach: boolean, transaction: Transaction, heirOf?: string): readonly Step[] {
  const testing = { ...transaction, phase: attach ? transaction.phase : ("testing" as const) };
  const heir = heirOf === undefined ? {} : { heirOf };
  return [
    { kind: "test", job, attach, transaction: testing, ...heir },
    { kind: "acknowledge", job, transaction: testing },
  ];
}

/** Exit codes of the supervisor. Source: scripts/supervisor.sh. */
export const verdicts = {
  committed: 0,
  rolledBack: 10,
  rollbackFailed: 11,
  closed: 12,
  kept: 13,
  acknowledged: 14,
  superseded: 20,
} as const;

function canBeTakenOver(open: Transaction, wanted: Wanted): boolean {
  const isDeclared = open.toplevel === wanted.toplevel && (open.specialisation ?? null) === wanted.specialisation;
  return isDeclared && (wanted.mode === "switch" || wanted.mode === "test");
}

function isOf({ id }: Job, transaction: Transaction): boolean {
  return id.startsWith(`${transaction.id}-`);
}

function isAlive({ state }: Job): boolean {
  return state === "running" || state === "starting";
}

/** Under way, or ended with the new system running and nobody's word on it. All else was undone or is half done: a new transaction. */
function attachable(job: Job): boolean {
  return isAlive(job) || (job.state === "done" && job.code === verdicts.kept);
}

/** The next boot starts it; now something else runs. */
export function isStaged(facts: HostFacts, { toplevel }: Pick<Wanted, "toplevel">): boolean {
  const isKnown = facts.bootable && facts.boot.kind !== "none" && facts.boot.kind !== "unverified";
  const boots = !isKnown || facts.boot.toplevel === toplevel;
  return facts.profile === toplevel && boots && facts.transaction === undefined;
}

/**
 * A Mac was rebooted between activation and commit: its system is the profile's again, the launch daemons in /Library are still
 * those of the other one. Activating puts it right.
 */
export function isMixed({ class: machineClass, transaction, bootId }: HostFacts): boolean {
  return (
    machineClass === "darwin" &&
    transaction !== undefined &&
    transaction !== "unreadable" &&
    transaction.bootId !== bootId
  );
}

/**
 * The running system alone proves nothing: it is set before units are restarted. All must agree, and nothing be left over.
 * Source: nixpkgs switch-to-configuration-ng, end of `activate`.
 */
export function isUnchanged(facts: HostFacts, wanted: Pick<Wanted, "toplevel" | "specialisation" | "class">): boolean {
  const { kind, toplevel: booting, filesPresent } = facts.boot;
  const { toplevel } = wanted;
  const isKnown = wanted.class !== "darwin" && facts.bootable && kind !== "none" && kind !== "unverified";
  const bootsIt = !isKnown || (booting === toplevel && filesPresent);
  return (
    runs(facts, wanted) &&
    facts.profile === toplevel &&
    bootsIt &&
    facts.leftovers.length === 0 &&
    facts.transaction === undefined
  );
}

/** What was begun in this boot. After a reboot nothing of it runs: the default entry was booted, and all begins anew. */
export function openTransaction({ transaction, bootId }: HostFacts): Transaction | undefined {
  if (transaction === undefined || transaction === "unreadable") return undefined;
  return transaction.bootId === bootId ? transaction : undefined;
}

function isOwned({ owner }: HostFacts, wanted: Owner): boolean {
  return owner !== undefined && owner !== "unreadable" && isSame(owner, wanted);
}

/** Why nothing may be brought to the host; undefined: nothing speaks against it. */
export function reasonToRefuse(facts: HostFacts, wanted: Omit<Wanted, "newId" | "toplevel">): string | undefined {
  const { owner } = facts;
  if (facts.class !== wanted.class) {
    return `the machine is declared as ${wanted.class}, the host is ${facts.class === "other" ? "neither NixOS nor nix-darwin" : facts.class}`;
  }
  if (facts.system !== wanted.system) return `the system is built for ${wanted.system}, the host is ${facts.system}`;
  if (wanted.class === "darwin" && wanted.specialisation !== null)
    return `specialisation ${wanted.specialisation} is declared, and nix-darwin has none`;
  if (facts.uid !== 0)
    return "neither root nor `sudo -n`: log in as root, allow the user sudo without a password, or give it (pulumi-clan:sudoPassword)";
  if (facts.tools.nixStore === undefined || facts.tools.nixEnv === undefined)
    return "no nix-store and nix-env on the host";
  if (!facts.boot.mounted) return "/boot stands in fstab and is not mounted";
  if (facts.transaction === "unreadable" || owner === "unreadable") {
    return "/nix/var/pulumi-clan was written by another version of pulumi-clan; use that one, or remove its files";
  }
  return wanted.takeOver ? undefined : reasonOfOwner(facts, [wanted.owner, ...(wanted.formerOwners ?? [])]);
}

/** Another machine of our own stack is another owner, too: the address leads to the wrong host. */
function reasonOfOwner(facts: HostFacts, accepted: readonly Owner[]): string | undefined {
  const { owner } = facts;
  const isAccepted = (one: Owner): boolean => accepted.some((other) => isSame(one, other));
  if (owner !== undefined && owner !== "unreadable" && !isAccepted(owner))
    return `the host belongs to ${renderOwner(owner)}; set takeOver to take it`;
  // The mark is set at the commit: until then an open transaction is all that says whose the host is.
  const open = openTransaction(facts);
  if (open !== undefined && !isAccepted(open.owner))
    return `${renderOwner(open.owner)} is deploying to the host; set takeOver to take it`;
  return undefined;
}

function renderOwner({ project, stack, machine }: Owner): string {
  return `${project}/${stack} (${machine})`;
}

function isSame(left: Owner, right: Owner): boolean {
  return left.project === right.project && left.stack === right.stack && left.machine === right.machine;
}

/** Somebody else's system, run or committed since it was begun, is now what was there before. */
function undisturbed(open: Transaction | undefined, { current, profile }: HostFacts): Transaction | undefined {
  if (open === undefined) return undefined;
  const { previous, toplevel, uncommitted } = open;
  const knowsCurrent = [previous.current, activatedBy(open), uncommitted ?? null].includes(current);
  return knowsCurrent && (profile === previous.profile || profile === toplevel) ? open : undefined;
}

/**
 * A new transaction. What an open one remembers of the time before is kept, whatever is declared now: the host has seen no
 * commit since, and the way back leads there.
 */
export function begun(open: Transaction | undefined, facts: HostFacts, wanted: Wanted): Transaction {
  const before = open?.previous.current ?? wayBack(facts, wanted);
  return {
    schema: 1,
    id: wanted.newId,
    owner: wanted.owner,
    toplevel: wanted.toplevel,
    ...(wanted.specialisation === null ? {} : { specialisation: wanted.specialisation }),
    bootId: facts.bootId,
    startedAt: facts.now,
    previous: {
      current: before,
      profile: facts.profile,
      generation: facts.generation,
    },
    ...(facts.current === null || facts.current === before ? {} : { uncommitted: facts.current }),
    failedBefore: open?.failedBefore ?? remembered(facts.failedUnits),
    phase: "testing",
  };
}

/** As many as a transaction has room for, which is one argument and one fact on its way: what has none counts as newly failed. */
function remembered(units: readonly string[]): string[] {
  let left = 40_000;
  return units.slice(0, 1_000).filter((unit) => {
    left -= JSON.stringify(unit).length + 1;
    return left >= 0;
  });
}

/** What runs; or, when that is of the declared system which nobody committed, what the next boot would start. */
function wayBack(facts: HostFacts, wanted: Wanted): StorePath | null {
  const { current, profile } = facts;
  const isUncommitted = profile !== wanted.toplevel && (current === wanted.toplevel || runs(facts, wanted));
  return isUncommitted ? (profile ?? current) : current;
}

function commitStep(facts: HostFacts, transaction: Transaction): Extract<Step, { readonly kind: "commit" }> {
  const last = facts.jobs
    .filter(({ id }) => id.startsWith(`${transaction.id}-commit-`))
    .toSorted(byAttempt)
    .at(-1);
  const attach = last !== undefined && isAlive(last);
  const attempt = last === undefined ? 1 : attemptOf(last) + (attach ? 0 : 1);
  const job = jobId(transaction, "commit", attempt);
  return { kind: "commit", job, attach, staged: false, transaction: { ...transaction, phase: "committing" } };
}

/** A commit's and a rollback's jobs come after the test's. */
function lastJob({ jobs }: HostFacts, { id }: Transaction): Job | undefined {
  const of = (phase: JobPhase) => jobs.filter((job) => job.id.startsWith(`${id}-${phase}-`)).toSorted(byAttempt);
  return [...of("test"), ...of("commit"), ...of("rollback")].at(-1);
}

function byAttempt(left: Job, right: Job): number {
  return attemptOf(left) - attemptOf(right);
}

function attemptOf(job: Job): number {
  return Number(job.id.slice(job.id.lastIndexOf("-") + 1));
}
