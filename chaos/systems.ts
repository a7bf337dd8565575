import { readFleet } from "../clan/read-fleet.ts";
import { buildToplevel } from "../local-nix/build.ts";
import type { StorePath } from "../local-nix/store-path.ts";
import type { Report } from "../report.ts";
import { readConnections } from "../stack/connections.ts";
import { type Delivery, settingsOf, wayOf } from "../stack/delivery.ts";
import { evaluateSystems } from "../stack/evaluate-systems.ts";
import { planMachines } from "../stack/owned-machines.ts";
import { readStackFile } from "../stack/read-stack-file.ts";
import { stackName } from "./project.ts";

/** What the project declares for each machine at this moment, evaluated and built; how to get there with it. */
export async function readDeliveries(root: string, report: Report, signal: AbortSignal): Promise<readonly Delivery[]> {
  const [fleet, stack] = await Promise.all([readFleet(root), readStackFile(root, { name: stackName })]);
  const machines = planMachines(fleet.model, Object.keys(stack.config.hosts ?? {}), stack);
  const connections = await readConnections(root, stack, fleet.model, machines, signal);
  const systems = await evaluateSystems(fleet, stack, machines, { report }, signal);
  return machines.map((owned): Delivery => {
    const [connection, system] = [connections.get(owned.machine), systems.get(owned.machine)];
    if (connection === undefined || system === undefined) throw new Error(`${owned.machine} was not evaluated`);
    const { toplevel, drvPath } = system;
    return {
      ...wayOf(owned.machine, connection, stack),
      ...settingsOf(owned, stack),
      toplevel,
      drvPath,
      buildOn: "local",
    };
  });
}

export async function buildSystem(delivery: Delivery, report: Report, signal: AbortSignal): Promise<StorePath> {
  const { machine, toplevel, drvPath, owner } = delivery;
  if (drvPath === undefined) return toplevel;
  const where = { kind: "local" } as const;
  return buildToplevel({ machine, drvPath, toplevel, where, rootScope: [owner.project, owner.stack] }, report, signal);
}
