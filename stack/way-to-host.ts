import type { ConnectionSpec } from "../deploy/ssh/connection-spec.ts";
import {
  type OperatorEnvironment,
  readOperatorEnvironment,
  resolveConnection,
} from "../deploy/ssh/resolve-connection.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import type { Way } from "./delivery.ts";

/**
 * A machine's way with what this operator's `~/.ssh/config` and agent add to it.
 * @param sudoPassword - for a login user who needs one; it is no part of the way, which is stored.
 * @throws {TargetSyntaxError} @throws {SshConfigError}
 */
export async function resolveWay(way: Way, sudoPassword?: SecretText): Promise<ConnectionSpec> {
  const {
    machine,
    targetHost,
    address,
    identityFiles,
    formerHostKeys = [],
    connectDeadlineSeconds,
    hostKeyPolicy,
    jumpHosts,
    backEnd,
  } = way;
  // Without a declared key the operator's known_hosts decide, and them alone.
  const hostKeys = way.hostKeys.length === 0 ? [] : [...way.hostKeys, ...formerHostKeys];
  const operator = await operatorNow();
  const request = {
    machine,
    target: targetHost,
    definedAt: `${machine}: targetHost`,
    hostKeys,
    connectDeadlineSeconds,
    ...(address === undefined ? {} : { address }),
    ...(hostKeyPolicy === undefined ? {} : { hostKeyPolicy }),
    ...(jumpHosts === undefined ? {} : { jumpHosts }),
    ...(backEnd === undefined ? {} : { backEnd }),
    ...(sudoPassword === undefined ? {} : { sudoPassword }),
  };
  return resolveConnection(identityFiles.length === 0 ? request : { ...request, identityFiles }, operator);
}

let reading: Promise<OperatorEnvironment> | undefined;

/** As it is now. Who asks while it is being read gets the same: a thousand machines do not each keep a copy of known_hosts. */
function operatorNow(): Promise<OperatorEnvironment> {
  reading ??= readOperatorEnvironment(process.env).finally(() => {
    reading = undefined;
  });
  return reading;
}
