import { reasonToRefuse } from "../deploy/activation/plan-activation.ts";
import { deployMachine } from "../deploy/deploy-machine.ts";
import { ConnectionLostError, HostUnreachableError } from "../deploy/errors.ts";
import { readFacts } from "../deploy/host-facts.ts";
import { HostSession } from "../deploy/host-session.ts";
import { type Outcome, outcomeFacts, renderOutcome } from "../deploy/outcome.ts";
import { connect } from "../deploy/ssh/connect.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import { writeOpensshOptions } from "../deploy/ssh/openssh-options.ts";
import { readOperatorEnvironment, resolveConnection } from "../deploy/ssh/resolve-connection.ts";
import { storeUri } from "../deploy/store/push-closure.ts";
import { type BuildPlace, buildToplevel } from "../local-nix/build.ts";
import type { Report } from "../report.ts";
import { seenFacts } from "./host-observation.ts";
import type { ClosureFacts, ClosureInputs } from "./system-closure-schema.ts";

/** Builds a machine's system where it shall be built and deploys it. @throws {FleetError} before the host was touched. */
export async function deliverSystem(inputs: ClosureInputs, report: Report, signal: AbortSignal): Promise<Outcome> {
  const { machine, toplevel, system, policy, owner } = inputs;
  const connection = await resolve(inputs);
  await using connections = new ConnectionPool();
  let refused: Outcome | undefined;
  if (inputs.buildOn === "target") refused = await buildOnTarget(inputs, connection, connections, report, signal);
  else await build(inputs, { kind: "local" }, report, signal);
  const request = { machine, connection, class: inputs.class, system, toplevel, policy, owner };
  const outcome = refused ?? (await deployMachine(request, report, signal, connections));
  report({ level: "info", subject: machine, phase: "done", message: renderOutcome(outcome) });
  return outcome;
}

/** What a host runs now. Unreachable: nothing new is known, and a warning says so. */
export async function readRunning(
  inputs: ClosureInputs,
  report: Report,
  signal: AbortSignal,
): Promise<Partial<ClosureFacts>> {
  try {
    const connection = { ...(await resolve(inputs)), connectDeadlineSeconds: 10 };
    await using host = await connect(connection, report, signal);
    return seenFacts(await readFacts(host, inputs.class, signal), inputs.class);
  } catch (error) {
    if (!(error instanceof HostUnreachableError || error instanceof ConnectionLostError)) throw error;
    const message = `not reachable, its last known state is kept: ${error.facts.found}`;
    report({ level: "warning", subject: inputs.machine, phase: "refresh", message });
    return {};
  }
}

async function build(inputs: ClosureInputs, where: BuildPlace, report: Report, signal: AbortSignal): Promise<void> {
  const { machine, drvPath, toplevel, owner } = inputs;
  await buildToplevel({ machine, drvPath, toplevel, where, rootScope: [owner.project, owner.stack] }, report, signal);
}

/**
 * Evaluation stays here; the derivations are copied to the host and built by its own daemon.
 * @returns an outcome for a host that a deployment would refuse: nothing is copied to it.
 */
async function buildOnTarget(
  inputs: ClosureInputs,
  connection: ConnectionSpec,
  connections: ConnectionPool,
  report: Report,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const session = new HostSession(connections, connection, inputs.policy.reconnectDeadlineSeconds, report);
  const facts = await session.facts(inputs.class, signal);
  const { machine, toplevel, policy } = inputs;
  const wanted = { ...inputs, owner: { ...inputs.owner, machine }, takeOver: policy.takeOver };
  const reason = reasonToRefuse(facts, wanted);
  if (reason !== undefined)
    return { kind: "refused", machine, reason, facts: outcomeFacts({ toplevel, facts, after: facts, seconds: {} }) };
  await using openssh = await writeOpensshOptions(connection);
  const uri = storeUri(openssh.destination, facts.tools.nixDaemon ?? "nix-daemon", session.elevation === "sudo");
  await build(inputs, { kind: "target", storeUri: uri, sshOptions: openssh.nixSshOpts }, report, signal);
  return undefined;
}

async function resolve(inputs: ClosureInputs): Promise<ConnectionSpec> {
  const { machine, targetHost, identityFiles, hostKeys, connectDeadlineSeconds } = inputs;
  const operator = await readOperatorEnvironment(process.env);
  const request = {
    machine,
    target: targetHost,
    definedAt: `${machine}: targetHost`,
    hostKeys,
    connectDeadlineSeconds,
  };
  return resolveConnection(identityFiles.length === 0 ? request : { ...request, identityFiles }, operator);
}
