import { unlessUnreachable } from "../deploy/deploy-machine.ts";
import { HostSession } from "../deploy/host-session.ts";
import type { Outcome } from "../deploy/outcome.ts";
import { rootShell } from "../deploy/root-shell.ts";
import { hasSecrets } from "../deploy/secrets/secrets-phase.ts";
import type { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import type { Report } from "../report.ts";
import { lackingIdentity } from "./clan-secrets.ts";
import type { Delivery } from "./delivery.ts";

/**
 * Stops whoever cannot open what a host lacks, before anything is built or sent. Costs nothing for an operator with the key:
 * only where it is missing the host is asked whether it needs any of the secrets.
 * @returns an outcome for a host that cannot be reached. @throws {SecretIdentityError}
 */
export async function requireIdentity(
  delivery: Delivery,
  connection: ConnectionSpec,
  connections: ConnectionPool,
  report: Report,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { machine, secrets, policy } = delivery;
  if (secrets == null || policy.mode === "dry") return undefined;
  const lacking = await lackingIdentity(machine, secrets);
  if (lacking === undefined) return undefined;
  return await unlessUnreachable(machine, async () => {
    const session = new HostSession(connections, connection, policy.reconnectDeadlineSeconds, report);
    await session.facts(delivery, signal); // how to be root there
    if (!(await hasSecrets(rootShell(session), secrets.digest, signal))) throw lacking;
    return undefined;
  });
}
