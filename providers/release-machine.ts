import { releaseHost } from "../deploy/observation/release-host.ts";
import { connectOnce } from "../deploy/ssh/connect.ts";
import { FleetError } from "../errors.ts";
import { resolveWay } from "../stack/way-to-host.ts";
import { sudoPassword } from "./provider-config.ts";
import type { ClosureOutputs } from "./system-closure-schema.ts";

/** Any of an old state's keys may be missing. */
type Partially<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** A host that is gone must not hold up a `destroy`; its mark does no harm to anybody but its next owner. */
const releaseSeconds = 5;

/**
 * Takes the owner's mark from a host that leaves the stack, so that another one may have it without `takeOver`.
 * @returns how that went, in words: nothing of it is a failure.
 */
export async function releaseMachine(known: Partially<ClosureOutputs>, signal: AbortSignal): Promise<string> {
  const { machine, owner, targetHost, identityFiles, hostKeys, connectDeadlineSeconds } = known;
  const { address, hostKeyPolicy, formerHostKeys, jumpHosts, backEnd } = known;
  if (known.power === "off" || machine === undefined || owner === undefined || targetHost === undefined)
    return "its owner's mark stays";
  const way = {
    machine,
    targetHost,
    address,
    identityFiles: identityFiles ?? [],
    hostKeys: hostKeys ?? [],
    connectDeadlineSeconds: connectDeadlineSeconds ?? releaseSeconds,
    hostKeyPolicy,
    formerHostKeys,
    jumpHosts,
    backEnd,
  };
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(2 * releaseSeconds * 1000)]);
  try {
    await using host = await connectOnce(await resolveWay(way, sudoPassword()), releaseSeconds * 1000, deadline);
    for (const one of [owner, ...(known.formerOwners ?? [])]) {
      const answer = await releaseHost(host, { ...one, machine }, deadline);
      if (answer === "released") return "its owner's mark is taken away";
    }
    return "it has no mark of this stack";
  } catch (error) {
    if (!(error instanceof FleetError) && !deadline.aborted) throw error;
    const why = error instanceof FleetError ? error.facts.summary.replace(`${machine}: `, "") : "no answer in time";
    return `its owner's mark stays: ${why}`;
  }
}
