import type { MachineSecrets } from "../clan/vars/machine-secrets.ts";
import type { MachineSettings } from "../components/machine.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { HostConnection } from "../stack/connections.ts";
import { buildPlaceOf, settingsOf, wayOf } from "../stack/delivery.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import type { Stack } from "../stack/stack.ts";
import type { PlanMachines } from "./plan-machines.ts";

/** What the component of one machine needs: its evaluated system, the way to it, the stack's policy. */
export function machineSettings(
  owned: OwnedMachine,
  systems: ReadonlyMap<string, MachineEvaluation>,
  connections: ReadonlyMap<string, HostConnection>,
  stack: Stack,
  plans: PlanMachines,
  secrets: ReadonlyMap<string, MachineSecrets>,
): MachineSettings {
  const system = systems.get(owned.machine);
  const connection = connections.get(owned.machine);
  if (system === undefined || connection === undefined) throw new Error(`${owned.machine} was not evaluated`);
  const { machine: _machine, targetHost, ...way } = wayOf(owned.machine, connection, stack);
  const { class: _class, ...settings } = settingsOf(owned, stack);
  const buildOn = buildPlaceOf(owned.machine, system, stack);
  const { toplevel, drvPath } = system;
  const madeFrom = plans.madeFrom(owned.machine, toplevel);
  const machineSecrets = secrets.get(owned.machine) ?? null;
  const declared = { toplevel, policy: settings.policy, owner: settings.owner, secrets: machineSecrets };
  return {
    probe: (host) => plans.probe(owned, host, declared),
    ...owned,
    targetHost,
    addressFrom: connection.from,
    delivery: {
      ...way,
      ...settings,
      toplevel,
      drvPath,
      buildOn,
      secrets: machineSecrets,
      ...(madeFrom === undefined ? {} : { __madeFrom: madeFrom }),
    },
  };
}
