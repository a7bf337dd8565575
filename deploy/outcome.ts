import { z } from "zod";
import { storePathSchema, type Transaction, unitNameSchema } from "./activation/transaction.ts";
import { type DeclaredRun, renderRun, runs } from "./boot/specialisation.ts";
import type { HostFacts } from "./host-facts.ts";
import type { PushResult } from "./store/push-closure.ts";

/** What became of one host. Source: design §9. */
export const outcomeKinds = [
  "unchanged",
  "switched",
  "switched-with-failed-units",
  "staged-for-reboot",
  "rolled-back",
  "rollback-failed",
  "commit-failed",
  "superseded",
  "refused",
  "unreachable",
  "skipped",
  "interrupted",
] as const;

const failedUnitSchema = z.strictObject({
  unit: unitNameSchema,
  /** Its last journal lines, bounded. */
  journal: z.array(z.string().max(1_000)).max(10),
});
export type FailedUnit = z.output<typeof failedUnitSchema>;

const unitsSchema = z.array(unitNameSchema).max(5_000);

/** As the host says, not as commands returned. */
export const outcomeFactsSchema = z.strictObject({
  /** What ran before; null: nothing known. */
  previous: storePathSchema.nullable(),
  /** What runs now. */
  current: storePathSchema.nullable(),
  /** Systems of which that is a specialisation, and by what name. */
  specialisations: z.array(z.strictObject({ of: storePathSchema, name: z.string() })),
  /** What the system profile names now. */
  profile: storePathSchema.nullable(),
  /** Number of the profile's generation. */
  generation: z.int().positive().nullable(),
  /** The declared system survives a reboot. */
  committed: z.boolean(),
  /** The next boot was seen to start the declared system; `n/a`: no loader (container, darwin). */
  bootable: z.enum(["verified", "unverified", "n/a"]),
  /** System units that had failed before the test. */
  failedBefore: unitsSchema,
  /** Those that failed at the end. */
  failedAfter: unitsSchema,
  /** Those of `failedAfter` that did not fail before, with their last words. */
  newlyFailed: z.array(failedUnitSchema).max(100),
  /** Store paths that the host lacked. */
  pushedPaths: z.int().nonnegative(),
  /** Their archives' size, before compression. */
  pushedBytes: z.int().nonnegative(),
  /** Of them, what differences from the host's own paths saved. Absent: none were sent. */
  savedBytes: z.int().optional(),
  /** Exit code of switch-to-configuration or activate: recorded, never decisive alone. */
  exitCode: z.int().optional(),
  /** Seconds per phase: build, connect, facts, push, check, secrets, test, health, acknowledge, commit, reboot, rollback. */
  seconds: z.record(z.string(), z.number().nonnegative()),
});
export type OutcomeFacts = z.output<typeof outcomeFactsSchema>;

export const outcomeSchema = z.strictObject({
  kind: z.enum(outcomeKinds),
  machine: z.string(),
  /** Why it is not simply done, in one line. */
  reason: z.string().max(2_000).optional(),
  facts: outcomeFactsSchema,
});
export type Outcome = z.output<typeof outcomeSchema>;
export type OutcomeKind = Outcome["kind"];

/** The host is as declared, now and after a reboot. */
export function isAsDeclared({ kind, facts }: Outcome): boolean {
  return kind === "unchanged" || kind === "switched" || (kind === "switched-with-failed-units" && facts.committed);
}

/** Facts of a host of which nothing is known. */
export const noFacts: OutcomeFacts = {
  previous: null,
  current: null,
  specialisations: [],
  profile: null,
  generation: null,
  committed: false,
  bootable: "n/a",
  failedBefore: [],
  failedAfter: [],
  newlyFailed: [],
  pushedPaths: 0,
  pushedBytes: 0,
  seconds: {},
};

/** One line: `galena: switched to 1a2b3c4-nixos-system-galena, generation 43 (12.3 MB in 4.1 s)`. */
export function renderOutcome({ kind, machine, reason, facts }: Outcome): string {
  const running = renderRun(facts) ?? "nothing known";
  const generation = facts.generation === null ? "" : `, generation ${facts.generation}`;
  const seconds = Object.values(facts.seconds).reduce((sum, value) => sum + value, 0);
  const saved = facts.savedBytes === undefined ? "" : `, ${megabytes(facts.savedBytes)} of it saved by differences,`;
  const cost = `(${megabytes(facts.pushedBytes)}${saved} in ${seconds.toFixed(1)} s)`;
  const why = reason === undefined ? "" : `: ${reason}`;
  switch (kind) {
    case "unchanged":
      return `${machine}: unchanged, ${running}${generation}`;
    case "switched":
      return `${machine}: switched to ${running}${generation} ${cost}${why}`;
    case "switched-with-failed-units": {
      const units = facts.newlyFailed.map(({ unit }) => unit).join(", ");
      return `${machine}: switched to ${running}${facts.committed ? generation : ", NOT committed"}, failed units: ${units || "none"} ${cost}${why}`;
    }
    default:
      return `${machine}: ${kind}${why}`;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What a deployment knows at its end, as facts. */
export function outcomeFacts(known: {
  readonly wanted: DeclaredRun;
  readonly facts: HostFacts;
  /** Absent: the host could not be asked any more. */
  readonly after: HostFacts | undefined;
  readonly declared?: { readonly bootable: boolean };
  readonly transaction?: Transaction;
  readonly pushed?: Pick<PushResult, "paths" | "bytes" | "delta">;
  readonly exitCode?: number;
  readonly seconds: Readonly<Record<string, number>>;
}): OutcomeFacts {
  const { wanted, facts, after, transaction, pushed } = known;
  const hasLoader = known.declared?.bootable ?? facts.bootable;
  return {
    previous: transaction?.previous.current ?? facts.current,
    current: after?.current ?? null,
    specialisations: [...(after?.specialisations ?? [])],
    profile: after?.profile ?? null,
    generation: after?.generation ?? null,
    committed: after !== undefined && runs(after, wanted) && after.profile === wanted.toplevel,
    bootable: !hasLoader ? "n/a" : after?.boot.toplevel === wanted.toplevel ? "verified" : "unverified",
    failedBefore: transaction?.failedBefore ?? facts.failedUnits,
    failedAfter: after?.failedUnits ?? [],
    newlyFailed: [],
    pushedPaths: pushed?.paths ?? 0,
    pushedBytes: pushed?.bytes ?? 0,
    ...(pushed?.delta === undefined ? {} : { savedBytes: pushed.delta.bytes - pushed.delta.bytesSent }),
    ...(known.exitCode === undefined ? {} : { exitCode: known.exitCode }),
    seconds: { ...known.seconds },
  };
}
