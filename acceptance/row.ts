import { newlyFailed } from "../deploy/activation/judge-test.ts";
import { isUnchanged } from "../deploy/activation/plan-activation.ts";
import type { HostFacts, MachineClass } from "../deploy/host-facts.ts";
import type { Outcome, OutcomeKind } from "../deploy/outcome.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { HostUnderTest } from "./host-under-test.ts";

/** One line of the fault table. */
export interface Row {
  /** Stable; `--only` takes it. */
  readonly id: string;
  /** What is done, in a few words. */
  readonly title: string;
  /** What happens to the host, as the question before it says. */
  readonly does: string;
  readonly expected: string;
  readonly classes: readonly MachineClass[];
  /** Why it is not tried on hosts of the other class. */
  readonly elsewhere?: string;
  readonly reboots?: true;
  /** Needs a variant with another unit. */
  readonly changesUnits?: true;
  /** Its connections go through a forwarder of this process. */
  readonly forwards?: true;
  run(host: HostUnderTest, checks: Checks, signal: AbortSignal): Promise<void>;
}

/** One thing that was looked at. */
export interface Check {
  readonly what: string;
  readonly expected: string;
  readonly seen: string;
  readonly passed: boolean;
}

/** What a row expects, beside what was seen. */
export class Checks {
  readonly all: Check[] = [];
  /** Outcomes in their order, as words. */
  readonly outcomes: string[] = [];

  equal(what: string, expected: string, seen: string): void {
    this.all.push({ what, expected, seen, passed: expected === seen });
  }

  holds(what: string, passed: boolean, seen = passed ? "yes" : "no"): void {
    this.all.push({ what, expected: "yes", seen, passed });
  }

  outcome(what: string, expected: OutcomeKind, { kind, reason }: Outcome): void {
    const words = reason === undefined ? kind : `${kind}: ${reason}`;
    this.outcomes.push(words);
    this.all.push({ what, expected, seen: words, passed: kind === expected });
  }

  /** The host's own word, by a new connection: it runs, boots and keeps this system, and nothing is left open. */
  async settledOn(toplevel: StorePath, host: HostUnderTest, signal: AbortSignal): Promise<HostFacts> {
    const facts = await host.facts(signal);
    this.equal("running system", toplevel, facts.current ?? "none");
    this.equal("profile", toplevel, facts.profile ?? "none");
    if (host.found.hasLoader && facts.boot.kind !== "none" && facts.boot.kind !== "unverified")
      this.equal("default boot entry", toplevel, facts.boot.toplevel ?? "none");
    this.holds(
      "nothing is left to be done or undone",
      isUnchanged(facts, { toplevel, specialisation: null, class: host.class }),
    );
    this.equal(
      "newly failed units",
      "none",
      newlyFailed(host.found.failedUnits, facts.failedUnits).join(" ") || "none",
    );
    return facts;
  }

  get passed(): boolean {
    return this.all.length > 0 && this.all.every(({ passed }) => passed);
  }
}

export type RowResult = {
  readonly id: string;
  readonly title: string;
  readonly expected: string;
  readonly seconds: number;
} & (
  | { readonly status: "passed" | "failed"; readonly seen: string; readonly checks: readonly Check[] }
  | { readonly status: "skipped"; readonly reason: string }
);
