import type { StorePath } from "../../local-nix/store-path.ts";
import type { HostFacts, Job, MachineClass } from "../host-facts.ts";
import { jobId, type Owner, type Transaction } from "./transaction.ts";

/** What a host shall run. */
export interface Wanted {
  readonly class: MachineClass;
  readonly system: string;
  readonly toplevel: StorePath;
  readonly owner: Owner;
  readonly takeOver: boolean;
  /** For a transaction that must be begun. */
  readonly newId: string;
}

/** One thing to do; executed in order, each judged before the next. */
export type Step =
  /** Nothing is touched. */
  | { readonly kind: "refuse"; readonly reason: string }
  /** The host is as declared, and shall carry our mark. */
  | { readonly kind: "claim"; readonly owner: Owner }
  /** A job of an earlier deployment of another system still runs: wait for its end, then plan anew. */
  | { readonly kind: "await"; readonly job: string }
  | { readonly kind: "roots"; readonly declared: StorePath; readonly previous: StorePath | null }
  | { readonly kind: "push"; readonly toplevel: StorePath }
  /** What the new system is, compared with the host, before anything of it runs. */
  | { readonly kind: "check"; readonly toplevel: StorePath }
  /** Makes it the running system; nothing survives a reboot yet. `attach`: it is under way or done, only its end is read. */
  | { readonly kind: "test"; readonly job: string; readonly attach: boolean; readonly transaction: Transaction }
  /** Profile and boot entry, compare-and-swap. */
  | { readonly kind: "commit"; readonly job: string; readonly attach: boolean; readonly transaction: Transaction };

/** Decides what a deployment does; touches nothing. An empty list: the host is as declared, and ours. */
export function planActivation(facts: HostFacts, wanted: Wanted): readonly Step[] {
  const reason = reasonToRefuse(facts, wanted);
  if (reason !== undefined) return [{ kind: "refuse", reason }];
  if (isUnchanged(facts, wanted)) return isOwned(facts, wanted.owner) ? [] : [{ kind: "claim", owner: wanted.owner }];
  const open = undisturbed(openTransaction(facts), facts);
  const running = facts.jobs.find(({ state }) => state === "running");
  if (running !== undefined && !(open?.toplevel === wanted.toplevel && running.id.startsWith(`${open.id}-`))) {
    return [{ kind: "await", job: running.id }];
  }
  const transaction = continued(open, facts, wanted);
  const preparation: readonly Step[] = [
    { kind: "roots", declared: wanted.toplevel, previous: transaction.previous.current },
    { kind: "push", toplevel: wanted.toplevel },
    { kind: "check", toplevel: wanted.toplevel },
  ];
  const isTested = open?.toplevel === wanted.toplevel && open.phase === "committing";
  if (isTested && (facts.current === wanted.toplevel || running !== undefined)) {
    return [...preparation, commitStep(facts, transaction)];
  }
  return [...preparation, testStep(facts, transaction), commitStep(facts, transaction)];
}

/**
 * The running system alone proves nothing: it is set before units are restarted. All must agree, and nothing be left over.
 * Source: nixpkgs switch-to-configuration-ng, end of `activate`.
 */
export function isUnchanged(
  facts: HostFacts,
  { toplevel, class: wantedClass }: Pick<Wanted, "toplevel" | "class">,
): boolean {
  const { kind, toplevel: booting, filesPresent } = facts.boot;
  const isKnown = wantedClass !== "darwin" && facts.bootable && kind !== "none" && kind !== "unverified";
  const bootsIt = !isKnown || (booting === toplevel && filesPresent);
  return (
    facts.current === toplevel &&
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
  if (facts.uid !== 0) return "neither root nor `sudo -n`: log in as root, or allow the user sudo without a password";
  if (facts.tools.nixStore === undefined || facts.tools.nixEnv === undefined)
    return "no nix-store and nix-env on the host";
  if (!facts.boot.mounted) return "/boot stands in fstab and is not mounted";
  if (facts.transaction === "unreadable" || owner === "unreadable") {
    return "/nix/var/pulumi-clan was written by another version of pulumi-clan; use that one, or remove its files";
  }
  return wanted.takeOver ? undefined : reasonOfOwner(facts, wanted.owner);
}

/** Another machine of our own stack is another owner, too: the address leads to the wrong host. */
function reasonOfOwner(facts: HostFacts, wanted: Owner): string | undefined {
  const { owner } = facts;
  if (owner !== undefined && owner !== "unreadable" && !isSame(owner, wanted))
    return `the host belongs to ${renderOwner(owner)}; set takeOver to take it`;
  // The mark is set at the commit: until then an open transaction is all that says whose the host is.
  const open = openTransaction(facts);
  if (open !== undefined && !isSame(open.owner, wanted))
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
  const knowsCurrent = current === previous.current || current === toplevel || current === uncommitted;
  return knowsCurrent && (profile === previous.profile || profile === toplevel) ? open : undefined;
}

/** The open transaction's memory of the time before is kept, whatever is declared now: the host has seen no commit since. */
function continued(open: Transaction | undefined, facts: HostFacts, wanted: Wanted): Transaction {
  if (open?.toplevel === wanted.toplevel) return { ...open, owner: wanted.owner };
  const before = open?.previous.current ?? facts.current;
  return {
    schema: 1,
    id: wanted.newId,
    owner: wanted.owner,
    toplevel: wanted.toplevel,
    bootId: facts.bootId,
    startedAt: facts.now,
    previous: {
      current: before,
      profile: facts.profile,
      generation: facts.generation,
    },
    ...(facts.current === null || facts.current === before ? {} : { uncommitted: facts.current }),
    failedBefore: open?.failedBefore ?? facts.failedUnits,
    phase: "testing",
  };
}

function testStep(facts: HostFacts, transaction: Transaction): Step {
  const last = lastJob(facts, transaction, "test");
  // Killed or judged bad: once more. Starting, running or ended unjudged: its end is read, nothing runs twice.
  const attach = last !== undefined && last.state !== "lost" && transaction.phase === "testing";
  const attempt = last === undefined ? 1 : attemptOf(last) + (attach ? 0 : 1);
  const job = jobId(transaction, "test", attempt);
  return { kind: "test", job, attach, transaction: { ...transaction, phase: "testing" } };
}

function commitStep(facts: HostFacts, transaction: Transaction): Step {
  const last = lastJob(facts, transaction, "commit");
  const attach = last?.state === "running";
  const attempt = last === undefined ? 1 : attemptOf(last) + (attach ? 0 : 1);
  const job = jobId(transaction, "commit", attempt);
  return { kind: "commit", job, attach, transaction: { ...transaction, phase: "committing" } };
}

function lastJob({ jobs }: HostFacts, { id }: Transaction, phase: "test" | "commit"): Job | undefined {
  const ours = jobs.filter((job) => job.id.startsWith(`${id}-${phase}-`));
  return ours.toSorted((left, right) => attemptOf(left) - attemptOf(right)).at(-1);
}

function attemptOf(job: Job): number {
  return Number(job.id.slice(job.id.lastIndexOf("-") + 1));
}
