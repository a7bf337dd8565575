import { isPlainObject, type PlainObject } from "../../composition/body/plain-object.ts";
import { type Binding, printFlakeModule } from "../../composition/emission/generated-file.ts";
import type { FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import type { ComposedClan, InventoryMachine, ServiceInstance } from "../composed-clan.ts";
import { isInline } from "./emit-services.ts";

type Role = ServiceInstance["roles"][string];

/**
 * `nix/inventory.nix`: the clan's name, machines, tags and service instances. As Nix, since `inventory.json` is clan's
 * own file, which it merges with this.
 */
export function emitInventory({ root, config }: FlakeEvaluation, clan: ComposedClan): string {
  const meta = isPlainObject(config["clan"]) ? config["clan"]["meta"] : undefined;
  const inventory = ["clan", "inventory"];
  const bindings: readonly Binding[] = [
    ...(isPlainObject(meta)
      ? [{ source: clan.at("clan", "meta").file, path: ["clan", "meta"], value: stated(meta) }]
      : []),
    ...each(clan, [...inventory, "machines"], clan.machines, machineAttributes),
    ...each(clan, [...inventory, "tags"], clan.tags, (members) => members),
    ...each(clan, [...inventory, "instances"], clan.instances, instanceAttributes),
  ];
  const source = "clan.meta and clan.inventory";
  return printFlakeModule(root, {
    file: "nix/inventory.nix",
    source,
    arguments: ["config", "inputs", "lib"],
    bindings,
  });
}

function each<T>(
  clan: ComposedClan,
  path: readonly string[],
  members: ReadonlyMap<string, T>,
  attributes: (member: T, name: string) => unknown,
): readonly Binding[] {
  return [...members].map(([name, member]) => ({
    source: clan.at(...path, name).file,
    path: [...path, name],
    value: attributes(member, name),
  }));
}

function machineAttributes({ description, machineClass, tags, deploy }: InventoryMachine): PlainObject {
  return { ...stated({ description }), machineClass, tags, ...nonEmpty("deploy", stated(deploy)) };
}

function instanceAttributes(instance: ServiceInstance, name: string): PlainObject {
  const { name: service, input } = instance.module;
  const module = isInline(instance) ? { name, input: "self" } : stated({ name: service, input });
  const roles = Object.entries(instance.roles).map(([role, members]) => [role, roleAttributes(members)] as const);
  return { ...nonEmpty("module", module), roles: Object.fromEntries(roles) };
}

function roleAttributes({ machines, tags, settings }: Role): PlainObject {
  const membership = (members: Role["tags"]): PlainObject =>
    Object.fromEntries(
      Object.entries(members).map(([name, member]) => [name, nonEmpty("settings", member.settings)] as const),
    );
  return {
    ...nonEmpty("machines", membership(machines)),
    ...nonEmpty("tags", membership(tags)),
    ...nonEmpty("settings", settings),
  };
}

/** Without the attributes that say nothing. */
function stated(attributes: PlainObject): PlainObject {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined));
}

function nonEmpty(name: string, attributes: PlainObject): PlainObject {
  return Object.keys(attributes).length === 0 ? {} : { [name]: attributes };
}
