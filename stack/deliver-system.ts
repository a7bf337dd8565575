import { reasonToRefuse } from "../deploy/activation/plan-activation.ts";
import { deployMachine } from "../deploy/deploy-machine.ts";
import { HostSession } from "../deploy/host-session.ts";
import { type Outcome, outcomeFacts, renderOutcome } from "../deploy/outcome.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import { writeOpensshOptions } from "../deploy/ssh/openssh-options.ts";
import { storeUri } from "../deploy/store/nix-copy.ts";
import { type BuildPlace, buildToplevel } from "../local-nix/build.ts";
import type { Report } from "../report.ts";
import type { Delivery } from "./delivery.ts";
import { resolveWay } from "./way-to-host.ts";

/** Builds a machine's system where it shall be built and deploys it. @throws {FleetError} before the host was touched. */
export async function deliverSystem(delivery: Delivery, report: Report, signal: AbortSignal): Promise<Outcome> {
  const { machine, toplevel, system, policy, owner } = delivery;
  const connection = await resolveWay(delivery);
  await using connections = new ConnectionPool();
  let refused: Outcome | undefined;
  if (delivery.buildOn === "target") refused = await buildOnTarget(delivery, connection, connections, report, signal);
  else await build(delivery, { kind: "local" }, report, signal);
  const request = { machine, connection, class: delivery.class, system, toplevel, policy, owner };
  const outcome = refused ?? (await deployMachine(request, report, signal, connections));
  report({ level: "info", subject: machine, phase: "done", message: renderOutcome(outcome) });
  return outcome;
}

async function build(delivery: Delivery, where: BuildPlace, report: Report, signal: AbortSignal): Promise<void> {
  const { machine, drvPath, toplevel } = delivery;
  if (drvPath !== undefined) await buildToplevel({ machine, drvPath, toplevel, where }, report, signal);
}

/**
 * Evaluation stays here; the derivations are copied to the host and built by its own daemon.
 * @returns an outcome for a host that a deployment would refuse: nothing is copied to it.
 */
async function buildOnTarget(
  delivery: Delivery,
  connection: ConnectionSpec,
  connections: ConnectionPool,
  report: Report,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const session = new HostSession(connections, connection, delivery.policy.reconnectDeadlineSeconds, report);
  const facts = await session.facts(delivery.class, signal);
  const { machine, toplevel, policy } = delivery;
  const wanted = { ...delivery, owner: { ...delivery.owner, machine }, takeOver: policy.takeOver };
  const reason = reasonToRefuse(facts, wanted);
  if (reason !== undefined)
    return { kind: "refused", machine, reason, facts: outcomeFacts({ toplevel, facts, after: facts, seconds: {} }) };
  await using openssh = await writeOpensshOptions(connection);
  const uri = storeUri(openssh.destination, facts.tools.nixDaemon ?? "nix-daemon", session.elevation === "sudo");
  await build(delivery, { kind: "target", storeUri: uri, sshOptions: openssh.nixSshOpts }, report, signal);
  return undefined;
}
