import { HostSession } from "../../../deploy/host-session.ts";
import { type RootShell, rootShell } from "../../../deploy/root-shell.ts";
import { ConnectionPool } from "../../../deploy/ssh/connection-pool.ts";
import { connectionSpecSchema } from "../../../deploy/ssh/connection-spec.ts";
import type { SimHost } from "../../../sim/hosts/simulated-host.ts";

/** Root on a simulated host over ssh, as a deployment has it. */
export function simShell({ name, address, identityFile, hostKey }: SimHost): RootShell & AsyncDisposable {
  const pool = new ConnectionPool();
  const hostKeys = [{ key: hostKey, source: "vars" }];
  const spec = connectionSpecSchema.parse({ machine: name, address, identityFiles: [identityFile], hostKeys });
  return {
    ...rootShell(new HostSession(pool, spec, 60, () => undefined)),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
