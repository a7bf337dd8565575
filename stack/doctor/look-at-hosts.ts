import { lookAt } from "../../deploy/observation/look.ts";
import { readReadiness } from "../../deploy/observation/readiness.ts";
import { renderAddress } from "../../deploy/ssh/connection-spec.ts";
import type { SecretText } from "../../deploy/ssh/secret-text.ts";
import { FleetError } from "../../errors.ts";
import type { HostConnection } from "../connections.ts";
import { wayOf } from "../delivery.ts";
import type { OwnedMachine } from "../owned-machines.ts";
import type { Stack } from "../stack.ts";
import { resolveWay } from "../way-to-host.ts";
import { broken, type Diagnosis, doubtful, fine } from "./diagnosis.ts";
import { judgeHost } from "./judge-host.ts";

/** A laptop that sleeps holds nobody up. */
const lookSeconds = 10;

/** One host: whether it can be reached and recognised, and then what it has of what a deployment needs. Touches nothing. */
export async function diagnoseHost(
  { machine, spec }: OwnedMachine,
  connection: HostConnection,
  stack: Stack,
  sudoPassword: SecretText | undefined,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  try {
    const way = await resolveWay(wayOf(machine, connection, stack), sudoPassword);
    const question = { class: spec.class };
    const options = { deadlineSeconds: lookSeconds };
    const look = await lookAt(way, options, (host, scope) => readReadiness(host, question, scope), signal);
    if (look.kind === "unreachable")
      return [doubtful("connection", `${renderAddress(way)}: ${look.reason}`, "is it on, and on the network?")];
    if (look.kind !== "seen") return [broken("connection", look.error.facts.found, look.error.facts.fix)];
    const pinned = way.hostKeys[0];
    const by = pinned === undefined ? "a key of your known_hosts" : `the key of ${pinned.source}`;
    const judged = judgeHost(look.seen, { machine, class: spec.class });
    return [fine("connection", `${way.user}@${renderAddress(way)}, recognised by ${by}`), ...judged];
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    return [broken("connection", `${error.facts.summary}: ${error.facts.found}`, error.facts.fix)];
  }
}
