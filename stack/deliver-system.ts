import { sshRecipient } from "../clan/vars/age/ssh-recipient.ts";
import { reasonToRefuse } from "../deploy/activation/plan-activation.ts";
import { deployMachine, unlessUnreachable } from "../deploy/deploy-machine.ts";
import { HostSession } from "../deploy/host-session.ts";
import { type Observation, observeHost } from "../deploy/observation/observe-host.ts";
import { type Outcome, outcomeFacts, renderOutcome } from "../deploy/outcome.ts";
import { proveSopsFiles } from "../deploy/secrets/prove-sops.ts";
import type { SecretSource } from "../deploy/secrets/secret-source.ts";
import { lookAtUserKeys, renderUserKeyProblem } from "../deploy/secrets/user-keys.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import { writeOpensshOptions } from "../deploy/ssh/openssh-options.ts";
import type { RemoteScript } from "../deploy/ssh/remote-command.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { requireFreeSudo, storeUri } from "../deploy/store/nix-copy.ts";
import { FleetError } from "../errors.ts";
import { type BuildPlace, buildToplevel } from "../local-nix/build.ts";
import type { Report } from "../report.ts";
import { clanSecrets } from "./clan-secrets.ts";
import type { Delivery } from "./delivery.ts";
import { rememberSeen } from "./last-seen.ts";
import { requireIdentity } from "./require-identity.ts";
import { resolveWay } from "./way-to-host.ts";

/** How a delivery ended. */
export interface Delivered {
  readonly outcome: Outcome;
  /** A look at the host afterwards. Absent: it could not be asked any more. */
  readonly observation?: Observation;
}

/**
 * Builds a machine's system where it shall be built and deploys it.
 * @param shared - connections of the whole process, which stay open. Default: of its own.
 * @throws {FleetError} before the host was touched.
 */
export async function deliverSystem(
  delivery: Delivery,
  report: Report,
  signal: AbortSignal,
  sudoPassword?: SecretText,
  shared?: ConnectionPool,
): Promise<Delivered> {
  const { machine, toplevel, system, policy, owner } = delivery;
  const connection = await resolveWay(delivery, sudoPassword);
  await using stack = new AsyncDisposableStack();
  const connections = shared ?? stack.use(new ConnectionPool());
  let refused = await requireIdentity(delivery, connection, connections, report, signal);
  const began = performance.now();
  if (refused === undefined && delivery.buildOn === "target")
    refused = await unlessUnreachable(machine, () => buildOnTarget(delivery, connection, connections, report, signal));
  else if (refused === undefined) await build(delivery, { kind: "local" }, report, signal);
  const buildSeconds = delivery.drvPath === undefined ? 0 : (performance.now() - began) / 1000;
  const formerOwners = [...(delivery.formerOwners ?? [])];
  const secrets = secretsFor(delivery, connection);
  const request = {
    machine,
    connection,
    class: delivery.class,
    system,
    toplevel,
    policy,
    owner,
    formerOwners,
    secrets,
    secretsProof: proofFor(delivery, connection),
  };
  const outcome = withBuild(refused ?? (await deployMachine(request, report, signal, connections)), buildSeconds);
  const said = renderOutcome(outcome).replace(`${machine}: `, "");
  report({ level: "info", subject: machine, phase: "done", message: said });
  const observation =
    outcome.kind === "unreachable" ? undefined : await lookByKey(delivery, connection, connections, report, signal);
  if (observation !== undefined) await rememberSeen(delivery);
  if (observation !== undefined) await tellUserKeys(delivery, connection, connections, report, signal);
  return { outcome, ...(observation === undefined ? {} : { observation }) };
}

/** The build is no phase on the host, and its owner waits for it all the same. */
function withBuild(outcome: Outcome, seconds: number): Outcome {
  if (seconds < 0.001) return outcome;
  const build = Math.round(seconds * 1000) / 1000;
  return { ...outcome, facts: { ...outcome.facts, seconds: { build, ...outcome.facts.seconds } } };
}

/** Nothing where the clan keeps no key for the machine. */
function secretsFor({ machine, toplevel, secrets }: Delivery, { hostKeys }: ConnectionSpec): SecretSource | undefined {
  return secrets == null ? undefined : clanSecrets({ machine, toplevel, secrets, hostKeys });
}

/** For a system that comes without secrets: do the keys that the host should have open what it brings? */
export function proofFor(
  { toplevel, publishedKey }: Pick<Delivery, "toplevel" | "publishedKey">,
  { hostKeys }: Pick<ConnectionSpec, "hostKeys">,
): RemoteScript | undefined {
  if (publishedKey === undefined) return undefined;
  const host = hostKeys.flatMap(({ key }) => sshRecipient(key) ?? []);
  return proveSopsFiles(toplevel, publishedKey.path, { key: publishedKey.recipients, host });
}

/** A connection of before the new system's sshd proves nothing about its key: the declared one alone is tried first. */
async function lookByKey(
  delivery: Delivery,
  connection: ConnectionSpec,
  connections: ConnectionPool,
  report: Report,
  signal: AbortSignal,
): Promise<Observation | undefined> {
  const former = new Set(delivery.formerHostKeys?.map(({ key }) => key));
  const hostKeys = connection.hostKeys.filter(({ key }) => !former.has(key));
  if (hostKeys.length < connection.hostKeys.length) {
    const observation = await lookAfter(delivery, { ...connection, hostKeys }, connections, signal);
    if (observation !== undefined) return observation;
    const message = "the host does not show its declared key yet; the former one is accepted until it does";
    report({ level: "warning", subject: delivery.machine, phase: "host-key", message });
  }
  return lookAfter(delivery, connection, connections, signal);
}

/** The outcome is known whether the host still answers or not; who was told to stop does not ask. */
async function lookAfter(
  delivery: Delivery,
  connection: ConnectionSpec,
  connections: ConnectionPool,
  signal: AbortSignal,
): Promise<Observation | undefined> {
  if (signal.aborted) return undefined;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
  try {
    const host = await connections.acquire({ ...connection, connectDeadlineSeconds: 5 }, ignore, deadline);
    return await observeHost(host, delivery, deadline);
  } catch (error) {
    if (deadline.aborted || error instanceof FleetError) return undefined;
    throw new Error(`${delivery.machine}: cannot be observed`, { cause: error });
  }
}

/** A home's unit that fails for want of its key is seen by no check of the system. */
async function tellUserKeys(
  { machine, secrets }: Delivery,
  connection: ConnectionSpec,
  connections: ConnectionPool,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const keys = secrets?.userKeys ?? [];
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
  if (keys.length === 0 || signal.aborted) return;
  try {
    const host = await connections.acquire(connection, ignore, deadline);
    for (const problem of await lookAtUserKeys(host, keys, deadline)) {
      const message = renderUserKeyProblem(machine, problem);
      report({ level: "warning", subject: machine, phase: "user-keys", message });
    }
  } catch (error) {
    // The deployment is over, and its outcome known: who cannot be asked any more is looked at the next time.
    if (!deadline.aborted && !(error instanceof FleetError)) throw error;
  }
}

function ignore(): void {
  // A second connection to a host that was just deployed is no news.
}

async function build(delivery: Delivery, where: BuildPlace, report: Report, signal: AbortSignal): Promise<void> {
  const { machine, drvPath, toplevel, owner } = delivery;
  if (drvPath === undefined) return;
  await buildToplevel({ machine, drvPath, toplevel, where, rootScope: [owner.project, owner.stack] }, report, signal);
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
  const facts = await session.facts(delivery, signal);
  const { machine, policy } = delivery;
  const { takeOver, mode, specialisation } = policy;
  const formerOwners = (delivery.formerOwners ?? []).map((former) => ({ ...former, machine }));
  const owner = { ...delivery.owner, machine };
  const wanted = { ...delivery, owner, formerOwners, takeOver, mode, specialisation };
  const reason = reasonToRefuse(facts, wanted);
  if (reason !== undefined)
    return { kind: "refused", machine, reason, facts: outcomeFacts({ wanted, facts, after: facts, seconds: {} }) };
  if (session.elevation === "sudo") await requireFreeSudo(session, signal);
  await using openssh = await writeOpensshOptions(session.spec);
  const uri = storeUri(openssh.destination, facts.tools.nixDaemon ?? "nix-daemon", session.elevation === "sudo");
  await build(delivery, { kind: "target", storeUri: uri, sshOptions: openssh.nixSshOpts }, report, signal);
  return undefined;
}
