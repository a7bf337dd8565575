import type { FleetError } from "../../errors.ts";
import { type HostKeyMismatchError, HostKeyUnknownError } from "../errors.ts";
import { InstallationFailedError, InstallationRefusedError } from "./errors.ts";
import type { InstallationFacts, InstallationPhase } from "./installation-facts.ts";
import type { Obstacle } from "./plan-installation.ts";

/** A machine as it was found when it was judged. */
export interface FoundAt {
  readonly machine: string;
  readonly address: string;
  readonly facts: InstallationFacts;
}

/** @param begun - a step before this one wiped a disk. */
export function refused(
  { machine, address, facts }: FoundAt,
  obstacles: readonly [Obstacle, ...Obstacle[]],
  begun: boolean,
): FleetError {
  const list = (part: keyof Obstacle): string => obstacles.map((one) => one[part]).join("\n");
  return new InstallationRefusedError({
    summary: `${machine}: not installed, nothing was wiped${begun ? " by this step" : ""}`,
    expected: list("expected"),
    found: list("found"),
    at: `${address}, ${facts.name}`,
    fix: list("fix"),
  });
}

/** Somebody looked before and had nothing to agree to. */
export function notAgreed({ machine, address, facts }: FoundAt): FleetError {
  return new InstallationRefusedError({
    summary: `${machine}: is not the machine that was looked at before, nothing was wiped`,
    expected: "one that needs no installation, or cannot have one",
    found: `${facts.name}, machine-id ${facts.machineId ?? "none"}`,
    at: address,
    fix: "run it again, and look at what it says before you agree",
  });
}

export function noProgress({ machine, address, facts }: FoundAt, phase: InstallationPhase): FleetError {
  return new InstallationFailedError({
    summary: `${machine}: after phase ${phase} the machine is where it was before`,
    expected: "the next phase",
    found: `${facts.os}: ${facts.name} (boot ${facts.bootId})`,
    at: address,
    fix: "was it restarted meanwhile? The next run goes on from where it stands",
  });
}

/** Only the key of the installed system is known, and the machine showed another one: that of the system before, or anybody's. */
export function foreignKeyUnknown(machine: string, cause: HostKeyMismatchError): FleetError {
  return new HostKeyUnknownError(
    {
      summary: `${machine}: the host key of the system that is to be replaced is not known`,
      expected: `a key from pulumi-clan:hosts.${machine}.install.hostKey, the node's guest attributes or known_hosts`,
      found: cause.facts.found,
      at: cause.facts.at,
      fix: "compare the fingerprint at its console and state the key, also as --foreign-host-key; or --accept-new takes what is shown, this once",
    },
    { cause },
  );
}
