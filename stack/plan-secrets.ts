import { dirname, resolve } from "node:path";
import type { Fleet } from "../clan/read-fleet.ts";
import {
  keepsKeyOf,
  type MachineSecrets,
  type PublishedKey,
  readMachineSecrets,
  readPublishedKey,
} from "../clan/vars/machine-secrets.ts";
import { FleetError, throwGathered } from "../errors.ts";
import type { MachineEvaluation } from "../local-nix/machine-evaluation.ts";
import type { Report } from "../report.ts";
import { readOwnedFacts } from "./check-configurations.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** The clan's folder: that of its vars lies in it. */
export function clanFolder(root: string, { config }: Stack): string {
  return dirname(resolve(root, config.vars ?? "vars"));
}

/** Machine → its age key as the clan publishes it; a machine whose key the clan does not keep has none. */
export async function publishedKeys(
  root: string,
  stack: Stack,
  machines: readonly Pick<OwnedMachine, "machine">[],
): Promise<ReadonlyMap<string, PublishedKey>> {
  const folder = clanFolder(root, stack);
  const keys = await Promise.all(machines.map(({ machine }) => readPublishedKey(folder, machine)));
  return new Map(machines.flatMap(({ machine }, index) => (keys[index] === undefined ? [] : [[machine, keys[index]]])));
}

/**
 * What the machines of a stack get from the clan's vars, without decrypting any. A machine whose key the clan does not keep
 * has none: its host is left alone.
 * @throws {FleetError} gathered: something was never generated, or which files are needed is not known.
 */
export async function planSecrets(
  root: string,
  fleet: Fleet,
  stack: Stack,
  machines: readonly OwnedMachine[],
  systems: ReadonlyMap<string, MachineEvaluation>,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, MachineSecrets>> {
  const folder = clanFolder(root, stack);
  const kept = await Promise.all(machines.map(({ machine }) => keepsKeyOf(folder, machine)));
  const keyed = machines.filter((_machine, index) => kept[index]);
  if (keyed.length === 0) return new Map();
  const { configurations, failures } = await readOwnedFacts(fleet, stack, keyed, systems, report, signal);
  // Without its configuration a machine's files would seem to be declared no more, and be taken away.
  throwGathered([...failures.values()]);
  const secrets = new Map<string, MachineSecrets>();
  const errors: FleetError[] = [];
  for (const { machine } of keyed) {
    const facts = configurations.get(machine);
    const declared = { generators: facts?.generators ?? null, settings: facts?.secrets ?? null };
    try {
      const delivery = stack.config.hosts?.[machine]?.userKeys ?? stack.config.userKeys;
      const found = await readMachineSecrets(folder, machine, declared, delivery);
      if (found !== undefined) secrets.set(machine, found);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      errors.push(error);
    }
  }
  throwGathered(errors);
  return secrets;
}
