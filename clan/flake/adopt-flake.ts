import type { FleetError } from "../../errors.ts";
import type { JsonEvaluationOptions } from "../../local-nix/json-evaluation.ts";
import { checkLock } from "../../local-nix/lock-check.ts";
import type { Report } from "../../report.ts";
import { type FleetModel, type MachineClass, machineNameSchema } from "../fleet-model.ts";
import { listVars } from "../vars/vars-on-disk.ts";
import { adoptedModel, machineClasses } from "./adopted-model.ts";
import { type FlakeRequest, type OpenedFlake, openFlake } from "./open-flake.ts";
import { flakeFolder } from "./origin.ts";
import { statedImports } from "./reach.ts";
import { readExportedHosts, varsDirectoryOf } from "./read-exports.ts";
import { type FlakeInventory, readInventory } from "./read-inventory.ts";
import { type MachineReading, readMachines } from "./read-machines.ts";

/** A fleet whose truth is a flake that somebody else wrote. */
export interface AdoptedFleet {
  readonly kind: "adopted";
  readonly model: FleetModel;
  readonly flake: OpenedFlake;
  /** What entries say of themselves. */
  readonly namespaces: FlakeInventory["namespaces"];
  /** What configurations say of themselves, of those that were read: import graph, generators. */
  readonly readings: ReadonlyMap<string, MachineReading>;
  /** Entry → entries that it imports, as far as it says so itself (reach.ts). */
  readonly entryImports: ReadonlyMap<string, readonly string[]>;
  /** Machines that do not evaluate. */
  readonly problems: ReadonlyMap<string, FleetError>;
}

export interface AdoptionOptions {
  /** Whose configurations are read, which takes seconds and a gigabyte each. Default: all. */
  readonly chosen?: (model: FleetModel) => readonly string[];
  /** Default: `defaultCacheDir()`. */
  readonly cacheDir?: string;
}

/**
 * Reads an existing flake: one evaluation for its inventory, then the machines' configurations side by side. Builds
 * nothing, writes no lock file, runs no generator, connects to no host.
 * @param base - folder to which a relative reference is relative.
 * @throws {FlakeReferenceError} @throws {FlakeLockError} @throws {NixEvaluationError} the flake as a whole does not evaluate.
 */
export async function adoptFlake(
  request: FlakeRequest,
  base: string,
  { chosen, cacheDir }: AdoptionOptions,
  report: Report,
  signal: AbortSignal,
): Promise<AdoptedFleet> {
  const flake = await openFlake(request, base, report, signal, cacheDir);
  const { tree } = flake.settings;
  const options: JsonEvaluationOptions = { ...flake.settings, ...(cacheDir === undefined ? {} : { cacheDir }) };
  await checkLock(options, signal);
  const { inventory, problems } = await readInventory(options, report, signal);
  const names = usableNames(machineClasses(inventory), report);
  const clanDirectory = inventory.clan?.directory ?? "";
  const vars = await listVars(flakeFolder(tree), clanDirectory === "" ? "vars" : `${clanDirectory}/vars`);
  const exported = needsExports(inventory, names)
    ? await readExportedHosts(options, varsDirectoryOf(tree, clanDirectory), report, signal)
    : new Map<string, string>();
  const reading = { tree, inventory, exported, vars };
  const wanted = chosen?.(adoptedModel({ ...reading, machines: new Map(), problems }, names));
  const configured = [...names].filter(([name, ofClass]) => Object.hasOwn(inventory.configurations[ofClass], name));
  const readings = await readMachines(
    new Map(configured.filter(([name]) => wanted?.includes(name) ?? true)),
    options,
    report,
    signal,
  );
  const failed = new Map([...problems, ...readings.problems]);
  for (const [machine, { facts }] of failed) {
    const message = `its configuration does not evaluate: ${facts.found} (${facts.at})`;
    report({ level: "warning", subject: machine, phase: "evaluate", message });
  }
  const model = adoptedModel({ ...reading, machines: readings.machines, problems: failed }, names);
  const { namespaces } = inventory;
  const entryImports = statedImports(namespaces);
  return { kind: "adopted", model, flake, namespaces, readings: readings.machines, entryImports, problems: failed };
}

/** A name that is no host name can be no machine here; the others are read all the same. */
function usableNames(names: ReadonlyMap<string, MachineClass>, report: Report): Map<string, MachineClass> {
  const usable = new Map<string, MachineClass>();
  for (const [name, ofClass] of names) {
    if (machineNameSchema.safeParse(name).success) usable.set(name, ofClass);
    else {
      const message = `${JSON.stringify(name)} is left out: it is no host name (RFC 1123: a-z, 0-9 and inner hyphens)`;
      report({ level: "warning", phase: "evaluate", message });
    }
  }
  return usable;
}

function needsExports(
  { exports, clan }: Awaited<ReturnType<typeof readInventory>>["inventory"],
  names: ReadonlyMap<string, MachineClass>,
): boolean {
  return exports && [...names.keys()].some((name) => (clan?.machines[name]?.targetHost ?? null) === null);
}
