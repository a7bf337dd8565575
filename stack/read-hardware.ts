import type { HostNature } from "../clan/checks/host-nature.ts";
import type { MachineFacts } from "../clan/checks/machine-facts.ts";
import { readHardware } from "../deploy/observation/hardware.ts";
import { lookAt } from "../deploy/observation/look.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { FleetError } from "../errors.ts";
import type { Report } from "../report.ts";
import type { HostConnection } from "./connections.ts";
import { wayOf } from "./delivery.ts";
import type { Stack } from "./stack.ts";
import { resolveWay } from "./way-to-host.ts";

/** A laptop that sleeps holds no check up. */
const lookSeconds = 5;

/**
 * Asks the hosts of machines, all at once, what a system must fit. Touches nothing. One that cannot be asked is missing, and
 * reported: whatever is wrong with it is no reason to know nothing of the others.
 * @param configurations - the root device that each states is looked for on its host.
 */
export async function readHostNatures(
  connections: ReadonlyMap<string, HostConnection>,
  configurations: ReadonlyMap<string, MachineFacts>,
  stack: Stack,
  sudoPassword: SecretText | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, HostNature>> {
  const ask = async ([machine, connection]: readonly [string, HostConnection]) => {
    const tell = (reason: string): void =>
      report({ level: "info", subject: machine, phase: "check", message: `its host was not asked: ${reason}` });
    try {
      const spec = await resolveWay(wayOf(machine, connection, stack), sudoPassword);
      const device = configurations.get(machine)?.fileSystems?.["/"]?.device ?? null;
      const options = { deadlineSeconds: lookSeconds, report };
      const look = await lookAt(spec, options, (host, scope) => readHardware(host, device, scope), signal);
      if (look.kind === "seen") return [[machine, look.seen] as const];
      tell(look.reason);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      tell(error.facts.summary);
    }
    return [];
  };
  return new Map((await Promise.all([...connections].map(ask))).flat());
}
