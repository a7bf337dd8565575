import type { Fleet } from "../clan/read-fleet.ts";
import type { MachineSecrets } from "../clan/vars/machine-secrets.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { Report } from "../report.ts";
import type { HostConnection } from "../stack/connections.ts";
import { sourceOf } from "../stack/evaluate-systems.ts";
import { type InstallationOrder, planInstallationOrder } from "../stack/installation-order.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import type { Stack } from "../stack/stack.ts";

/** What is known of the stack's machines before any of them is installed. */
export interface KnownMachines {
  readonly connections: ReadonlyMap<string, HostConnection>;
  readonly systems: ReadonlyMap<string, MachineEvaluation>;
  readonly secrets: ReadonlyMap<string, MachineSecrets>;
}

/** For the machines that the stack's `hosts.<m>.install` names. @throws {NixEvaluationError} for one without disks */
export async function planInstallations(
  root: string,
  fleet: Fleet,
  stack: Stack,
  owned: readonly OwnedMachine[],
  { connections, systems, secrets }: KnownMachines,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, InstallationOrder>> {
  const wanted = owned.filter(({ machine, node }) => {
    // What boots its own system is installed.
    return stack.config.hosts?.[machine]?.install !== undefined && typeof node?.spec.image !== "object";
  });
  if (wanted.length === 0) return new Map();
  const source = await sourceOf(fleet, report, signal);
  const orders = new Map<string, InstallationOrder>();
  for (const one of wanted) {
    const [connection, system] = [connections.get(one.machine), systems.get(one.machine)];
    if (connection === undefined || system === undefined) throw new Error(`${one.machine} was not evaluated`);
    const toInstall = { owned: one, connection, system, secrets: secrets.get(one.machine) ?? null };
    orders.set(one.machine, await planInstallationOrder(root, source, stack, toInstall, signal));
  }
  return orders;
}
