import type { MachineSecrets } from "../clan/vars/machine-secrets.ts";
import type { MachineSettings } from "../components/machine.ts";
import { nodeOrder, type StatedNode } from "../components/node-order.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { ChooseWay } from "../stack/choose-way.ts";
import type { HostConnection } from "../stack/connections.ts";
import { buildPlaceOf, settingsOf, wayOf } from "../stack/delivery.ts";
import type { InstallationOrder } from "../stack/installation-order.ts";
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
  nodes: ReadonlyMap<string, StatedNode>,
  installations: ReadonlyMap<string, InstallationOrder> = new Map(),
  ways: ReadonlyMap<string, ChooseWay> = new Map(),
): MachineSettings {
  const system = systems.get(owned.machine);
  const connection = connections.get(owned.machine);
  if (system === undefined || connection === undefined) throw new Error(`${owned.machine} was not evaluated`);
  const { machine: _machine, targetHost, address, ...way } = wayOf(owned.machine, connection, stack);
  const { node: _node, ...machine } = owned;
  const node = nodes.get(owned.machine);
  const { class: _class, ...settings } = settingsOf(owned, stack);
  const buildOn = buildPlaceOf(owned.machine, system, stack);
  const { toplevel, drvPath } = system;
  const madeFrom = plans.madeFrom(owned.machine, toplevel);
  const machineSecrets = secrets.get(owned.machine) ?? null;
  const declared = { toplevel, policy: settings.policy, owner: settings.owner, secrets: machineSecrets };
  const installation = installations.get(owned.machine);
  return {
    ...(installation === undefined ? {} : { installation: inputsOf(installation) }),
    probe: (way) => plans.probe(owned, way, declared, { system: settings.system, buildOn, drvPath }),
    ...machine,
    ...(node === undefined ? {} : { node: nodeOrder(owned.machine, node) }),
    targetHost,
    address,
    chooseWay: ways.get(owned.machine),
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

/** Without what the cloud knows first. */
function inputsOf({ machine: _machine, targetHost: _host, instanceId: _id, ...order }: InstallationOrder) {
  const { identityFiles, hostKeys, foreignHostKeys, jumpHosts, disko, formerHostKeys: _former, ...rest } = order;
  return {
    ...rest,
    identityFiles: [...identityFiles],
    hostKeys: [...hostKeys],
    foreignHostKeys: [...foreignHostKeys],
    disko: { ...disko, devices: [...disko.devices] },
    diskKeys: { ...rest.diskKeys },
    ...(jumpHosts === undefined
      ? {}
      : {
          jumpHosts: jumpHosts.map((jump) => ({
            ...jump,
            identityFiles: [...jump.identityFiles],
            hostKeys: [...jump.hostKeys],
          })),
        }),
  };
}
