import type { FleetModel, MachineModel } from "../clan/fleet-model.ts";
import type { MachineSettings } from "../components/machine.ts";
import { activationPolicySchema } from "../deploy/activation/policy.ts";
import { localSystem } from "../local-nix/evaluation-request.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { HostConnection } from "./connections.ts";
import type { ProbeMachine } from "./probe-machine.ts";
import type { Stack } from "./stack.ts";

/** A machine that the stack deploys. One whose node is `absent` is none. */
export interface OwnedMachine {
  readonly machine: string;
  readonly spec: MachineModel;
  readonly node?: NonNullable<MachineSettings["node"]>;
}

/** The machines that exist for this stack, with the state that it wants their nodes in. */
export function planMachines(model: FleetModel, names: readonly string[], { config }: Stack): OwnedMachine[] {
  return names.flatMap((machine) => {
    const spec = byName(model.machines, machine);
    const nodeSpec = byName(model.nodes, machine);
    if (spec === undefined) return [];
    if (nodeSpec === undefined) return [{ machine, spec }];
    const power = config.nodes?.[machine]?.power ?? "on";
    return power === "absent" ? [] : [{ machine, spec, node: { spec: nodeSpec, power } }];
  });
}

const defaultConnectDeadlineSeconds = 60;
const defaultDeadlineSeconds = 4 * 3600;

/** What the component of one machine needs: its evaluated system, the way to it, the stack's policy. */
export function machineSettings(
  owned: OwnedMachine,
  systems: ReadonlyMap<string, MachineEvaluation>,
  connections: ReadonlyMap<string, HostConnection>,
  { project, name, config }: Stack,
  probe: ProbeMachine,
): MachineSettings {
  const system = systems.get(owned.machine);
  const connection = connections.get(owned.machine);
  if (system === undefined || connection === undefined) throw new Error(`${owned.machine} was not evaluated`);
  return {
    probe,
    ...owned,
    targetHost: connection.targetHost,
    delivery: {
      system: owned.spec.system,
      toplevel: system.toplevel,
      drvPath: system.drvPath,
      buildOn: config.hosts?.[owned.machine]?.buildOn ?? (system.system === localSystem() ? "local" : "target"),
      identityFiles: [...connection.identityFiles],
      hostKeys: [...connection.hostKeys],
      policy: activationPolicySchema.parse(config.policy ?? {}),
      connectDeadlineSeconds: config.connectDeadlineSeconds ?? defaultConnectDeadlineSeconds,
      deadlineSeconds: config.deadlineSeconds ?? defaultDeadlineSeconds,
      owner: { project, stack: name },
    },
  };
}

/** Own keys of the record only: a name such as `constructor` is no machine. */
function byName<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
