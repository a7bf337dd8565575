import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { adoptFlake } from "../../clan/flake/adopt-flake.ts";
import type { FleetModel } from "../../clan/fleet-model.ts";
import { readFleet } from "../../clan/read-fleet.ts";
import type { FlakeCheckouts } from "../inputs.ts";
import { compareClasses } from "./compare-classes.ts";
import { compareGraphs } from "./compare-graphs.ts";
import { compareMerging } from "./compare-merging.ts";
import { writeInputFlakes } from "./input-flakes.ts";

export interface FleetComparison {
  readonly machines: number;
  /** Fields that were compared, machine by machine, instance by instance, entry by entry. */
  readonly fields: number;
  /** Pairs of classes, an entry of one imported by the other. */
  readonly classPairs: number;
  /** `machines.galena.tags: written …, read back …`. */
  readonly differences: readonly string[];
}

/** Reads the fleet at `root` as it is written, and its emitted flake with the real flake-parts, import-tree and clan-core. */
export async function compareFleet(
  root: string,
  checkouts: FlakeCheckouts,
  signal: AbortSignal,
): Promise<FleetComparison> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  try {
    const { model, evaluation } = await readFleet(root);
    const inputs = Object.keys(evaluation.definition.inputs);
    const overrideInputs = await writeInputFlakes(folder, checkouts, inputs);
    // No machine's configuration: without NixOS' modules there is none.
    const options = { cacheDir: join(folder, "cache"), chosen: () => [] };
    const adopted = await adoptFlake({ reference: root, overrideInputs }, root, options, () => undefined, signal);
    const written = fieldsOf(model);
    const found = fieldsOf(adopted.model);
    const names = [...new Set([...written.keys(), ...found.keys()])];
    const differences = names
      .filter((name) => !isDeepStrictEqual(written.get(name), found.get(name)))
      .map((name) => `${name}: written ${show(written.get(name))}, read back ${show(found.get(name))}`);
    const overrides = Object.entries(overrideInputs).flatMap(([name, to]) => ["--override-input", name, to]);
    differences.push(...(await compareGraphs(root, model, overrides, signal)));
    const classes = await compareClasses(folder, overrides, signal);
    differences.push(...classes.differences, ...(await compareMerging(folder, overrides, signal)));
    const classPairs = classes.pairs;
    return { classPairs, machines: Object.keys(model.machines).length, fields: names.length, differences };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What inventory, registry and namespaces state; systems, users and who gets an entry need machines' configurations. */
function fieldsOf({ name, machines, namespaces, instances, tags, vars }: FleetModel): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>([["name", name]]);
  for (const [machine, { system: _system, users: _users, definedAt: _at, ...stated }] of Object.entries(machines))
    for (const [field, value] of Object.entries(stated)) fields.set(`machines.${machine}.${field}`, value);
  for (const [className, entries] of Object.entries(namespaces))
    for (const [entry, { files }] of Object.entries(entries))
      fields.set(`namespaces.${className}.${entry}.files`, files);
  for (const [instance, { module, roles }] of Object.entries(instances)) {
    fields.set(`instances.${instance}.module`, module);
    for (const [role, about] of Object.entries(roles))
      for (const [field, value] of Object.entries(about))
        fields.set(`instances.${instance}.roles.${role}.${field}`, value);
  }
  for (const [tag, members] of Object.entries(tags)) fields.set(`tags.${tag}`, members);
  return fields.set("vars.perMachine", vars.perMachine).set("vars.shared", vars.shared);
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
