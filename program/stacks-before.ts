import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Fleet } from "../clan/read-fleet.ts";
import { selectMachines } from "../clan/select-machines.ts";
import type { Remark } from "../components/remark.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { Report } from "../report.ts";
import { evaluateSystems } from "../stack/evaluate-systems.ts";
import { type OwnedMachine, planMachines } from "../stack/owned-machines.ts";
import { readStackFile } from "../stack/read-stack-file.ts";
import { type SharedRole, sharedRoles } from "../stack/shared-roles.ts";
import type { Stack } from "../stack/stack.ts";

/** The stack's output `machines`, as far as it is looked at. */
const machinesSchema = z.record(z.string(), z.looseObject({ toplevel: z.string().nullable() })).catch({});

/**
 * What has to be deployed before this stack: machines of the stacks that `pulumi-clan:after` names, in its order, that are
 * in a service with one of ours and do not run yet what the fleet declares. Told, not done: each stack has its own `up`.
 * @throws {StackConfigError} a stack that has no file. @throws {FleetError} a machine of theirs does not evaluate.
 */
export async function stacksBefore(
  root: string,
  fleet: Fleet,
  stack: Stack,
  owned: readonly OwnedMachine[],
  report: Report,
  signal: AbortSignal,
): Promise<readonly Remark[]> {
  const remarks: Remark[] = [];
  const ours = owned.map(({ machine }) => machine);
  for (const name of stack.config.after ?? []) {
    const other = await readStackFile(root, { name });
    const theirs = selectMachines(fleet.model.machines, other.config.machines, other.file);
    const shared = sharedRoles(fleet.model, ours, theirs);
    const wanted = new Set(shared.map(({ machine }) => machine));
    const machines = planMachines(fleet.model, theirs, other).filter(({ machine }) => wanted.has(machine));
    const systems = await evaluateSystems(fleet, other, machines, { report }, signal);
    const deployed = await deployedBy(name);
    for (const role of shared) {
      const declared = systems.get(role.machine)?.toplevel;
      const text = declared === undefined ? undefined : renderBefore(name, role, deployed.get(role.machine), declared);
      if (text !== undefined) remarks.push({ subject: { kind: "instance", name: role.instance }, text });
    }
  }
  return remarks;
}

/** Why a machine goes first; undefined: it runs what is declared. @param deployed - null: not deployed, or not known. */
export function renderBefore(
  stack: string,
  { machine, instance, roles }: SharedRole,
  deployed: string | null | undefined,
  declared: StorePath,
): string | undefined {
  if (deployed === declared) return undefined;
  const now = deployed == null ? "is not deployed yet" : "does not run yet what the fleet declares";
  return [
    `stack ${stack} goes first: ${machine} (${instance}: ${roles.join(", ")}) ${now}, ${renderStorePath(declared)}`,
    `  fix: pulumi up --stack ${stack}, then this stack`,
  ].join("\n");
}

/** Machine → store path that the last update of the stack left running. */
async function deployedBy(name: string): Promise<ReadonlyMap<string, string | null>> {
  const reference = new pulumi.StackReference(`${pulumi.getOrganization()}/${pulumi.getProject()}/${name}`);
  const { value } = await reference.getOutputDetails("machines");
  const machines = machinesSchema.parse(value ?? {});
  return new Map(Object.entries(machines).map(([machine, { toplevel }]) => [machine, toplevel]));
}
