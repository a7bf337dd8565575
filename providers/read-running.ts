import { explainDrift } from "../deploy/observation/drift.ts";
import type { Observation } from "../deploy/observation/observe-host.ts";
import { borrowConnections } from "../deploy/ssh/shared-connections.ts";
import type { Report } from "../report.ts";
import { observeMachine } from "../stack/observe-machine.ts";
import { stillFormer } from "./former-host-keys.ts";
import { sudoPassword } from "./provider-config.ts";
import type { ClosureFacts, ClosureOutputs } from "./system-closure-schema.ts";

/** A refresh waits this long for a host: it may be waking up. */
const refreshSeconds = 10;

/** What a refresh learns of a host; `outcome`, `seconds` and `took` are the last deployment's. */
export type SeenFacts = Omit<
  ClosureFacts,
  | "outcome"
  | "seconds"
  | "took"
  | "drift"
  | "formerHostKeys"
  | "formerOwners"
  | "secretsDelivered"
  | "deployedAt"
  | "previous"
>;

/**
 * What a host runs now, and why it is not what was deployed. Unreachable: nothing new is known, and a warning says so; so with
 * another key at the address of a VM, which was perhaps made anew: a refresh that failed would keep the cloud from being asked.
 * @throws {HostKeyMismatchError} @throws {HostKeyUnknownError} @throws {AuthenticationError}
 */
export async function readRunning(
  known: ClosureOutputs,
  report: Report,
  signal: AbortSignal,
): Promise<Partial<ClosureFacts>> {
  await using lent = borrowConnections();
  const look = await observeMachine(known, known, refreshSeconds, signal, sudoPassword(), lent.pool);
  if (look.kind === "host-key" && known.instanceId !== undefined) {
    const message = `its last known state is kept: ${look.error.message}`;
    report({ level: "warning", subject: known.machine, phase: "refresh", message });
    return {};
  }
  if ("error" in look) throw look.error;
  if (look.kind === "unreachable") {
    const message = `not reachable, its last known state is kept: ${look.reason}`;
    report({ level: "warning", subject: known.machine, phase: "refresh", message });
    return {};
  }
  const drift = explainDrift(known, look.seen);
  if (drift !== null && drift !== known.drift) {
    report({ level: "warning", subject: known.machine, phase: "drift", message: drift });
  }
  return { ...seenFacts(look.seen), formerHostKeys: stillFormer(known.formerHostKeys, look.seen.hostKey), drift };
}

/** A look at a host as the state keeps it. */
export function seenFacts({ facts, hostKey, rebootFor }: Observation): SeenFacts {
  const { owner, transaction } = facts;
  return {
    running: facts.current,
    specialisations: facts.specialisations,
    booted: facts.booted,
    profile: facts.profile,
    defaultEntry: facts.boot.entry,
    nextBoot: facts.class === "nixos" && facts.bootable && facts.boot.kind !== "none" ? facts.boot.toplevel : null,
    generation: facts.generation,
    bootId: facts.bootId,
    failedUnits: facts.failedUnits,
    hostKey,
    marker: owner === undefined || owner === "unreadable" ? null : { ...owner },
    openTransaction:
      transaction === undefined || transaction === "unreadable"
        ? null
        : {
            id: transaction.id,
            phase: transaction.phase,
            toplevel: transaction.toplevel,
            startedAt: transaction.startedAt,
          },
    leftovers: facts.leftovers,
    rebootFor: [...rebootFor],
  };
}
