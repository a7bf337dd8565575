import { nearestNames } from "../composition/nearest.ts";
import { formatLocation } from "../composition/source-location.ts";
import type { ErrorSubject, FleetError } from "../errors.ts";
import type { ComposedClan, ServiceInstance } from "./composed-clan.ts";
import { NodeError, ServiceModuleError, TargetHostError, UnknownMachineError } from "./errors.ts";
import { type NodeShape, shapeProblems } from "./node-shape.ts";
import { addressOf, parseTargetHost } from "./target-host.ts";

/**
 * What the inventory and the nodes say about machines must be about machines that exist.
 * @param inputs - names of the flake's inputs.
 */
export function checkInventory(clan: ComposedClan, inputs: readonly string[]): FleetError[] {
  return [
    ...[...clan.instances].flatMap(([name, instance]) => checkInstance(name, instance, clan, inputs)),
    ...[...clan.tags].flatMap(([tag, machines]) =>
      machines.flatMap((machine) =>
        checkMachine(machine, { kind: "tag", name: tag }, ["clan", "inventory", "tags", tag], clan),
      ),
    ),
    ...checkTargetHosts(clan),
    ...checkNodes(clan),
  ];
}

function checkInstance(
  name: string,
  instance: ServiceInstance,
  clan: ComposedClan,
  inputs: readonly string[],
): FleetError[] {
  const path = ["clan", "inventory", "instances", name];
  const members = Object.entries(instance.roles).flatMap(([role, { machines }]) =>
    Object.keys(machines).flatMap((machine) =>
      checkMachine(
        machine,
        { kind: "role", name: `${name}/${role}` },
        [...path, "roles", role, "machines", machine],
        clan,
      ),
    ),
  );
  return [...checkModule(name, instance.module, clan, inputs), ...members];
}

function checkModule(
  name: string,
  module: ServiceInstance["module"],
  clan: ComposedClan,
  inputs: readonly string[],
): ServiceModuleError[] {
  const at = () => formatLocation(clan.at("clan", "inventory", "instances", name, "module"));
  if (module.imports.length > 0 && (module.name !== null || module.input !== null)) {
    return [
      new ServiceModuleError({
        summary: `instance ${name}: its module is a service by name and inline at once`,
        expected: "{ name, input } or { imports, description }",
        found: `imports beside ${module.name === null ? "input" : "name"}`,
        at: at(),
        fix: "keep one of the two",
        subject: { kind: "instance", name },
      }),
    ];
  }
  if (module.input === null || module.input === "self" || inputs.includes(module.input)) return [];
  const [near] = nearestNames(module.input, inputs);
  return [
    new ServiceModuleError({
      summary: `instance ${name}: its service comes from an input that the flake does not have`,
      expected: `one of ${[...inputs, "self"].join(", ")}`,
      found: JSON.stringify(module.input),
      at: at(),
      fix: near === undefined ? "add the input to fleet.ts" : `write ${JSON.stringify(near)}`,
      subject: { kind: "instance", name },
    }),
  ];
}

/** @param by - what is given to the machine; absent: a node. */
function checkMachine(
  name: string,
  by: ErrorSubject | undefined,
  path: readonly string[],
  clan: ComposedClan,
): UnknownMachineError[] {
  // A machine that only one of the two knows is told of elsewhere (check-registry.ts), once.
  if (clan.machines.has(name) || clan.registry.has(name)) return [];
  const known = [...new Set([...clan.machines.keys(), ...clan.registry.keys()])].sort();
  const [near] = nearestNames(name, known);
  return [
    new UnknownMachineError({
      summary: `${by === undefined ? "a node" : `${by.kind} ${by.name}`} is given to ${name}, which is no machine of the fleet`,
      expected: `one of ${known.join(", ")}`,
      found: name,
      at: formatLocation(clan.at(...path)),
      fix: near === undefined ? `add ${name} to registry and inventory, or remove it here` : `write "${near}"`,
      subject: by ?? { kind: "machine", name },
    }),
  ];
}

function checkTargetHosts(clan: ComposedClan): TargetHostError[] {
  const errors: TargetHostError[] = [];
  const owners = new Map<string, string>();
  for (const [name, { deploy }] of clan.machines) {
    if (deploy.targetHost === null) continue;
    const target = parseTargetHost(deploy.targetHost);
    if (target === undefined) {
      errors.push(
        new TargetHostError({
          summary: `${name}: its target host cannot be dialled`,
          expected: "[user@]host[:port]",
          found: JSON.stringify(deploy.targetHost),
          at: formatLocation(clan.at("clan", "inventory", "machines", name, "deploy", "targetHost")),
          fix: "correct deploy.targetHost",
          subject: { kind: "machine", name },
        }),
      );
      continue;
    }
    const address = addressOf(target);
    const owner = owners.get(address);
    if (owner === undefined) owners.set(address, name);
    else errors.push(sharedAddress(name, owner, deploy.targetHost, clan));
  }
  return errors;
}

function sharedAddress(name: string, owner: string, targetHost: string, clan: ComposedClan): TargetHostError {
  const place = (machine: string): string =>
    formatLocation(clan.at("clan", "inventory", "machines", machine, "deploy", "targetHost"));
  return new TargetHostError({
    summary: `${name}: ${owner} has the same address, so one would be deployed over the other`,
    expected: "an address of its own for every machine",
    found: `${targetHost} for ${owner} and for ${name}`,
    at: `${place(name)}\n${place(owner)}`,
    fix: "correct one of the two; a machine on a cloud node may leave targetHost out",
    subject: { kind: "machine", name },
  });
}

function checkNodes(clan: ComposedClan): FleetError[] {
  return [...clan.nodes].flatMap(([name, node]) => {
    const unknown = checkMachine(name, undefined, ["nodes", name], clan);
    if (node.zones.length > 0) return [...unknown, ...checkShape(name, node, clan)];
    const empty = new NodeError({
      summary: `${name}: its node has no zone to be created in`,
      expected: 'one zone at least, e.g. zones: ["us-central1-b"]',
      found: "[ ]",
      at: formatLocation(clan.at("nodes", name, "zones")),
      fix: "list the zones in the order in which they should be tried",
    });
    return [...unknown, empty];
  });
}

function checkShape(name: string, node: NodeShape, clan: ComposedClan): NodeError[] {
  return shapeProblems(node).map(({ key, what, expected, found }) => {
    const at = formatLocation(clan.at("nodes", name, key));
    const summary = `${name}: no zone could make its node: ${what}`;
    return new NodeError({ summary, expected, found, at, fix: `correct ${key}`, subject: { kind: "machine", name } });
  });
}
