import { HostSession } from "../../../deploy/host-session.ts";
import { type RootShell, rootShell } from "../../../deploy/root-shell.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { type ConnectionSpec, connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import type { SimHost } from "../../../sim/hosts/simulated-host.ts";

export function simSpec({ name, address, identityFile, hostKey }: SimHost): ConnectionSpec {
  const hostKeys = [{ key: hostKey, source: "vars" }];
  return connectionSpecSchema.parse({ machine: name, address, identityFiles: [identityFile], hostKeys });
}

/** Root on a simulated host over ssh, as a deployment has it. */
export function simShell(host: SimHost): RootShell & AsyncDisposable {
  const pool = new ConnectionPool();
  return {
    ...rootShell(new HostSession(pool, simSpec(host), 60, () => undefined)),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
