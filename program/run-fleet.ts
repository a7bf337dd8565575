import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { FleetModel } from "../clan/fleet-model.ts";
import { selectMachines } from "../clan/select-machines.ts";
import { type PublicVars, readPublicVars } from "../clan/vars/public-vars.ts";
import { Fleet, type FleetArgs } from "../components/fleet.ts";
import { readConnections } from "../stack/connections.ts";
import { evaluateSystems } from "../stack/evaluate-systems.ts";
import { openFleet, withVarsOf } from "../stack/open-fleet.ts";
import { planMachines } from "../stack/owned-machines.ts";
import { planSecrets } from "../stack/plan-secrets.ts";
import { stackRollout } from "../stack/stack-rollout.ts";
import { PhaseTimes, renderTimes } from "../stack/times.ts";
import { traced } from "../trace.ts";
import { compareWithPreview } from "./approved-tree.ts";
import { askCloud } from "./ask-cloud.ts";
import { checkFleet } from "./check-fleet.ts";
import { readEngineState } from "./engine-state.ts";
import { machineSettings } from "./machine-settings.ts";
import { prepareNodeWays } from "./node-ways.ts";
import { planInstallations } from "./plan-installations.ts";
import { preparePlans } from "./plan-machines.ts";
import { planNodes } from "./plan-nodes.ts";
import { pulumiReport, rendered } from "./pulumi-report.ts";
import { requireConfirmed } from "./require-confirmed.ts";
import { requireMoved } from "./require-moved.ts";
import { readStack } from "./stack.ts";
import { stacksBefore } from "./stacks-before.ts";

/** What a stack exports. */
export interface FleetOutputs {
  /** Machine → class, outcome, running toplevel, generation, seconds, target host and that at its node. */
  readonly machines: Fleet["machines"];
  /** The clan's public vars of these machines, and the shared ones, for other stacks. */
  readonly publicVars: PublicVars;
}

/**
 * The whole program of a stack: reads the fleet and the stack's configuration, checks, evaluates, asks the hosts, plans, and
 * registers the resources. A project's `index.ts` is
 * `export const { machines, publicVars } = await runFleet(import.meta.dirname)`.
 * @param root folder of `Pulumi.yaml` and, unless a flake is adopted, of `fleet.ts`
 * @throws {pulumi.RunError} with a text for people, before anything is registered
 */
export async function runFleet(root: string): Promise<FleetOutputs> {
  using spent = new PhaseTimes();
  return await rendered(async () => {
    const signal = AbortSignal.timeout(60 * 60_000);
    const stated = readStack();
    const select = ({ machines }: FleetModel) => selectMachines(machines, stated.config.machines, stated.file);
    const fleet = await openFleet(root, root, stated.config, select, pulumiReport, signal);
    const checks = await traced({ kind: "phase", what: "check" }, () => checkFleet(fleet, signal));
    const stack = withVarsOf(fleet, stated);
    const selected = select(fleet.model);
    const state = await readEngineState();
    await requireMoved(root, fleet.model, selected, stated, state, pulumiReport);
    const vms = requireConfirmed(fleet.model, selected, stated, state, pulumiReport);
    const owned = planMachines(fleet.model, selected, stack);
    const connections = await readConnections(root, stack, fleet.model, owned, signal);
    const systems = await evaluateSystems(
      fleet,
      stack,
      owned,
      { report: pulumiReport, approve: compareWithPreview },
      signal,
    );
    const remarks = await checks.withConfigurations(stack, owned, { connections, systems }, pulumiReport, signal);
    const secrets = await planSecrets(root, fleet, stack, owned, systems, pulumiReport, signal);
    const before = await stacksBefore(root, fleet, stack, owned, pulumiReport, signal);
    const rollout = await stackRollout(fleet.model, stack, owned, connections);
    const hosts = { connections, rollout: rollout.plan };
    const plans = await preparePlans(fleet, stack, owned, hosts, state, pulumiReport, signal);
    const cloud = await traced({ kind: "phase", what: "ask the cloud" }, () =>
      askCloud(stack, owned, vms, (key) => pulumi.runtime.allConfig()[key], signal),
    );
    const nodes = await planNodes(owned, { fleet, stack, connections, vms: cloud.vms }, pulumiReport, signal);
    const ways = prepareNodeWays(stack, owned, connections, state, signal);
    const known = { connections, systems, secrets };
    const orders = await planInstallations(root, fleet, stack, owned, known, pulumiReport, signal);
    const settings = owned.map((machine) =>
      machineSettings(machine, systems, connections, stack, plans, secrets, nodes, orders, ways),
    );
    const args: FleetArgs = {
      model: fleet.model,
      machines: settings,
      remarks: [...cloud.remarks, ...before, ...remarks],
      rollout,
      renderTimes: (times) => renderTimes(times, spent.phases, process.uptime()),
    };
    const { machines } = new Fleet(fleet.model.name, args);
    const publicVars = await readPublicVars(resolve(root, stack.config.vars ?? "vars"), selected);
    return { machines, publicVars };
  });
}
