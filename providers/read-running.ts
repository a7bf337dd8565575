import { ConnectionLostError, HostUnreachableError } from "../deploy/errors.ts";
import { readFacts } from "../deploy/host-facts.ts";
import { connect } from "../deploy/ssh/connect.ts";
import type { Report } from "../report.ts";
import { resolveWay } from "../stack/way-to-host.ts";
import { seenFacts } from "./host-observation.ts";
import type { ClosureFacts, ClosureInputs } from "./system-closure-schema.ts";

/** What a host runs now. Unreachable: nothing new is known, and a warning says so. */
export async function readRunning(
  inputs: ClosureInputs,
  report: Report,
  signal: AbortSignal,
): Promise<Partial<ClosureFacts>> {
  try {
    const connection = { ...(await resolveWay(inputs)), connectDeadlineSeconds: 10 };
    await using host = await connect(connection, report, signal);
    return seenFacts(await readFacts(host, inputs.class, signal), inputs.class);
  } catch (error) {
    if (!(error instanceof HostUnreachableError || error instanceof ConnectionLostError)) throw error;
    const message = `not reachable, its last known state is kept: ${error.facts.found}`;
    report({ level: "warning", subject: inputs.machine, phase: "refresh", message });
    return {};
  }
}
