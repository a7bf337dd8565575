import type { HostFacts, MachineClass } from "../host-facts.ts";
import { causeOf } from "./first-cause.ts";
import { activatedBy, type Transaction } from "./transaction.ts";

/** How a `test` ended, as the client saw it. */
export interface TestEnd {
  /** Absent: it was killed (deadline, power, hand) before it ended. */
  readonly exitCode?: number;
  /** The last lines of its log. */
  readonly log: string;
}

export type Judgement =
  /** `failed`: units whose failure is tolerated. `remark`: what speaks against it and decides nothing. */
  | { readonly kind: "commit"; readonly failed: readonly string[]; readonly remark?: string }
  | { readonly kind: "failed-units"; readonly failed: readonly string[]; readonly reason: string }
  /** Nothing was changed. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Half way: the next run tests again. */
  | { readonly kind: "interrupted"; readonly reason: string }
  /** The boot undid it: the supervisor is gone, and what was the default runs. */
  | { readonly kind: "rebooted"; readonly reason: string }
  | { readonly kind: "superseded"; readonly reason: string };

/**
 * Judges a `test` by what the host is afterwards. The exit code is no measure: 4 is also given for a unit that failed before,
 * 1 also after units were stopped. Source: nixpkgs switch-to-configuration-ng.
 */
export function judgeTest(
  transaction: Pick<Transaction, "toplevel" | "activates" | "previous" | "failedBefore" | "bootId">,
  machineClass: MachineClass,
  before: Pick<HostFacts, "current" | "activeUnits">,
  after: Pick<HostFacts, "current" | "leftovers" | "failedUnits" | "activeUnits" | "bootId">,
  end: TestEnd,
): Judgement {
  // Before all else: what runs then is the boot's doing, not somebody's.
  if (after.bootId !== transaction.bootId)
    return { kind: "rebooted", reason: "the host was restarted before the commit" };
  if (after.current !== activatedBy(transaction)) return judgeUnswitched(before, after, end, machineClass);
  if (end.exitCode === undefined) return { kind: "interrupted", reason: `it ${stopOf(end.log)}` };
  if (after.leftovers.length > 0) {
    return { kind: "interrupted", reason: `units were left to be started: ${after.leftovers.slice(0, 5).join(", ")}` };
  }
  if (machineClass === "darwin") {
    // `activate` is `set -e` and sets /run/current-system last: that it is set says that all steps were made.
    return { kind: "commit", failed: [] };
  }
  const failed = newlyFailed(transaction.failedBefore, after.failedUnits);
  const decisive = failed.filter((unit) => !isTolerated(unit));
  if (decisive.length > 0) return { kind: "failed-units", failed, reason: `newly failed: ${decisive.join(", ")}` };
  const snippets = end.exitCode === 0 ? [] : failedSnippets(end.log);
  if (end.exitCode === 2 || snippets.length > 0) {
    const words = [causeOf(end.log), ...snippets.slice(1)].join("; ");
    return { kind: "failed-units", failed, reason: `the activation script failed: ${words.slice(0, 1_000)}` };
  }
  if (end.exitCode !== 0 && end.exitCode !== 4) {
    return { kind: "interrupted", reason: `switch-to-configuration ended with ${end.exitCode}: ${causeOf(end.log)}` };
  }
  if (end.exitCode !== 4 || after.failedUnits.length > 0) return { kind: "commit", failed };
  // A user's manager, or a unit that is up again by now: nobody can tell which, so it is told.
  const remark = `switch-to-configuration ended with 4 and no unit is failed now: ${causeOf(end.log)}`;
  return { kind: "commit", failed, remark };
}

/**
 * System units that systemd had to start anew since the first look, and that it had not to before: not yet a failure, many
 * services wait for others in this way.
 */
export function restartedAnew(before: Pick<HostFacts, "restarts">, after: Pick<HostFacts, "restarts">): string[] {
  const known = new Set(before.restarts.map(({ unit }) => unit));
  return after.restarts.flatMap(({ unit }) => (known.has(unit) || isTolerated(unit) ? [] : [unit])).sort();
}

/** Those of them that were started once more between two looks. */
export function restartedAgain(
  units: readonly string[],
  first: Pick<HostFacts, "restarts">,
  now: Pick<HostFacts, "restarts">,
): string[] {
  const countOf = ({ restarts }: Pick<HostFacts, "restarts">, name: string): number =>
    restarts.find(({ unit }) => unit === name)?.count ?? 0;
  return units.filter((unit) => countOf(now, unit) > countOf(first, unit));
}

/** A home or a user's session that fails spoils no server: the commonest failure of all is a file in home-manager's way. */
export function isTolerated(unit: string): boolean {
  return /^(?:home-manager-.+|user@\d+)\.service$/.test(unit);
}

export function newlyFailed(before: readonly string[], after: readonly string[]): string[] {
  const known = new Set(before);
  return after.filter((unit) => !known.has(unit)).sort();
}

function judgeUnswitched(
  before: Pick<HostFacts, "current" | "activeUnits">,
  after: Pick<HostFacts, "current" | "leftovers" | "activeUnits">,
  { exitCode, log }: TestEnd,
  machineClass: MachineClass,
): Judgement {
  // Exit code 11 alone also says that logind could not be asked, after units were stopped.
  if (exitCode === 11 && log.includes("Could not acquire lock")) {
    return { kind: "refused", reason: "busy: another switch-to-configuration holds the lock" };
  }
  if (after.current !== before.current) {
    return { kind: "superseded", reason: `${after.current ?? "nothing known"} runs: somebody else deployed` };
  }
  // It ended well while nobody looked: what ran before runs again by somebody's hand.
  if (exitCode === 0) {
    const reason = `${after.current ?? "nothing known"} runs, although the test ended well: somebody else deployed`;
    return { kind: "superseded", reason };
  }
  const how = exitCode === undefined ? stopOf(log) : `ended with ${exitCode}: ${causeOf(log)}`;
  if (exitCode === 100) return { kind: "refused", reason: "the new system needs a reboot: its init interface changed" };
  if (machineClass === "darwin") {
    const reason = `activate ${how}`;
    // 2: its own checks; 31: ours, before its first step.
    return exitCode === 2 || exitCode === 31
      ? { kind: "refused", reason }
      : { kind: "interrupted", reason: `${reason}; its first steps may be applied` };
  }
  const active = new Set(after.activeUnits);
  const stopped = before.activeUnits.filter((unit) => !active.has(unit) && unit.endsWith(".service"));
  if (stopped.length === 0 && after.leftovers.length === 0 && exitCode !== undefined) {
    return { kind: "refused", reason: `switch-to-configuration ${how}` };
  }
  const rest = stopped.length === 0 ? "" : `; no longer active: ${stopped.slice(0, 5).join(", ")}`;
  return { kind: "interrupted", reason: `switch-to-configuration ${how}${rest}` };
}

/** Why it has no exit code. Source: scripts/supervisor.sh, bounded. */
function stopOf(log: string): string {
  const words = /^pulumi-clan: (stopped (?:at its deadline|for printing more than .+))$/m.exec(log)?.[1];
  return `was ${words ?? "stopped before its end"}`;
}

/**
 * What `activate` says of its own failures. Its exit code 2 is overwritten by 4 where any unit is failed, also one that
 * failed before. Source: nixpkgs, activation-script.nix; switch-to-configuration-ng.
 */
function failedSnippets(log: string): readonly string[] {
  return log.split("\n").filter((line) => /^Activation script snippet '.+' failed \(\d+\)$/.test(line));
}
