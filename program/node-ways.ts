import { SecretText } from "../deploy/ssh/secret-text.ts";
import { knownMachines } from "../providers/known-machines.ts";
import { type ChooseWay, chooseWay, isDeployedTo } from "../stack/choose-way.ts";
import type { HostConnection } from "../stack/connections.ts";
import { wayOf } from "../stack/delivery.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import type { Stack } from "../stack/stack.ts";
import type { EngineState } from "./engine-state.ts";

/**
 * For the machines that are reached at their nodes until they are reached where they are declared. What the state knows
 * is read before any of them changes.
 */
export function prepareNodeWays(
  stack: Stack,
  owned: readonly OwnedMachine[],
  connections: ReadonlyMap<string, HostConnection>,
  state: EngineState,
  signal: AbortSignal,
): ReadonlyMap<string, ChooseWay> {
  const onNodes = owned.flatMap(({ machine, spec, node }) => {
    const connection = connections.get(machine);
    return node?.power === "on" && connection?.from === "node" && spec.targetHost !== null
      ? [[machine, connection] as const]
      : [];
  });
  if (onNodes.length === 0) return new Map();
  // Of a state that cannot be read no machine is known to be deployed: the node's own address is always right.
  const known = knownMachines(state.kind === "read" ? state.resources : []);
  const { sudoPassword } = stack.config;
  const password = sudoPassword === undefined ? undefined : new SecretText(sudoPassword);
  return new Map(
    onNodes.map(([machine, connection]) => {
      const choose: ChooseWay = ({ atNode, instanceId }) => {
        const declared = wayOf(machine, connection, stack);
        const isDeployed = isDeployedTo(instanceId, known.get(machine), declared.targetHost);
        return chooseWay({ declared, atNode, isDeployed }, signal, password);
      };
      return [machine, choose];
    }),
  );
}
