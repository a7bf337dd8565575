import type { FactsQuestion } from "../deploy/host-facts.ts";
import { type Look, lookAt } from "../deploy/observation/look.ts";
import { type Observation, observeHost } from "../deploy/observation/observe-host.ts";
import type { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import type { SshHost } from "../deploy/ssh/ssh-host.ts";
import type { Way } from "./delivery.ts";
import { rememberSeen } from "./last-seen.ts";
import { resolveWay } from "./way-to-host.ts";

/** What a look at one machine gave: for previews, refreshes and `fleet status` alike. */
export type MachineLook = Look<Observation>;

/** One attempt over the machine's way. Touches nothing on the host; that it answered is noted here. @throws {TargetSyntaxError} @throws {SshConfigError} */
export async function observeMachine(
  way: Way,
  question: FactsQuestion,
  deadlineSeconds: number,
  signal: AbortSignal,
  sudoPassword?: SecretText,
  connections?: ConnectionPool,
): Promise<MachineLook> {
  const spec = await resolveWay(way, sudoPassword);
  const ask = (host: SshHost, scope: AbortSignal): Promise<Observation> => observeHost(host, question, scope);
  const look = await lookAt(spec, { deadlineSeconds, connections }, ask, signal);
  if (look.kind === "seen") await rememberSeen(way);
  return look;
}
