import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import { readOperatorEnvironment, resolveConnection } from "../deploy/ssh/resolve-connection.ts";
import type { Way } from "./delivery.ts";

/** A machine's way with what this operator's `~/.ssh/config` and agent add to it. @throws {TargetSyntaxError} @throws {SshConfigError} */
export async function resolveWay(way: Way): Promise<ConnectionSpec> {
  const { machine, targetHost, identityFiles, hostKeys, connectDeadlineSeconds, hostKeyPolicy } = way;
  const operator = await readOperatorEnvironment(process.env);
  const request = {
    machine,
    target: targetHost,
    definedAt: `${machine}: targetHost`,
    hostKeys,
    connectDeadlineSeconds,
    ...(hostKeyPolicy === undefined ? {} : { hostKeyPolicy }),
  };
  return resolveConnection(identityFiles.length === 0 ? request : { ...request, identityFiles }, operator);
}
