import { nearestNames } from "../composition/nearest.ts";
import { formatLocation } from "../composition/source-location.ts";
import type { FleetError } from "../errors.ts";
import type { ComposedClan, InventoryMachine, RegisteredMachine } from "./composed-clan.ts";
import {
  MachineClassError,
  MachineNameError,
  MachineNotInInventoryError,
  MachineNotRegisteredError,
  RegistryEntryError,
} from "./errors.ts";
import { machineNameSchema } from "./fleet-model.ts";

/**
 * Registry and inventory must name the same machines, and mean the same by each.
 * @param kind - a plain registry needs no inventory: nobody but us would read it.
 */
export function checkRegistry(clan: ComposedClan, kind: "clan" | "plain"): FleetError[] {
  const names = [...new Set([...clan.registry.keys(), ...clan.machines.keys()])].sort();
  return names.flatMap((name) => {
    const registered = clan.registry.get(name);
    const inventory = clan.machines.get(name);
    if (!machineNameSchema.safeParse(name).success) return [nameError(name, clan)];
    if (registered === undefined) return [notRegistered(name, clan)];
    const built = checkBuilt(name, registered, clan);
    if (inventory !== undefined) return [...built, ...checkClass(name, registered, inventory, clan)];
    return kind === "plain" ? built : [...built, notInInventory(name, registered, clan)];
  });
}

/** The class that a platform needs: `aarch64-darwin` is built by nix-darwin. */
export function classOfPlatform(hostPlatform: string): "nixos" | "darwin" {
  return hostPlatform.endsWith("-darwin") ? "darwin" : "nixos";
}

function checkBuilt(name: string, { imports, nixpkgs }: RegisteredMachine, clan: ComposedClan): FleetError[] {
  const platformClass = classOfPlatform(nixpkgs.hostPlatform);
  if (imports.length === 0) {
    return [
      new RegistryEntryError({
        summary: `${name}: the registry imports nothing, so the machine would be an empty system`,
        expected: `imports: [config.flake.modules.${platformClass}["machines/${platformClass}/${name}"]]`,
        found: "no imports",
        at: formatLocation(clan.at("clan", "machines", name, "imports")),
        fix: `name the entry that builds ${name}, or take ${name} out of the registry`,
        subject: { kind: "machine", name },
      }),
    ];
  }
  return imports
    .filter((reference) => reference.class !== platformClass && reference.class !== "generic")
    .map(
      (reference) =>
        new MachineClassError({
          summary: `${name}: the registry imports an entry of class ${reference.class} for ${nixpkgs.hostPlatform}`,
          expected: `an entry of class ${platformClass} or generic`,
          found: `config.${reference.path}`,
          at: formatLocation(reference.usedAt),
          fix: "import the machine's own entry, or correct nixpkgs.hostPlatform",
          subject: { kind: "machine", name },
        }),
    );
}

function checkClass(
  name: string,
  { nixpkgs: { hostPlatform } }: RegisteredMachine,
  { machineClass }: InventoryMachine,
  clan: ComposedClan,
): FleetError[] {
  const platformClass = classOfPlatform(hostPlatform);
  if (platformClass === machineClass) return [];
  const registry = formatLocation(clan.at("clan", "machines", name, "nixpkgs", "hostPlatform"));
  const inventory = formatLocation(clan.at("clan", "inventory", "machines", name, "machineClass"));
  return [
    new MachineClassError({
      summary: `${name}: class and platform contradict each other`,
      expected: `machineClass "${platformClass}" for ${hostPlatform} (${registry})`,
      found: `machineClass "${machineClass}"${machineClass === "nixos" ? ", which is the default" : ""}`,
      at: inventory,
      fix: `set clan.inventory.machines.${name}.machineClass to "${platformClass}", or correct the platform`,
      subject: { kind: "machine", name },
    }),
  ];
}

function nameError(name: string, clan: ComposedClan): MachineNameError {
  const at = clan.registry.has(name) ? ["clan", "machines", name] : ["clan", "inventory", "machines", name];
  return new MachineNameError({
    summary: `${JSON.stringify(name)} cannot be a machine's name`,
    expected: "a-z, 0-9 and inner hyphens, 63 characters at most (RFC 1123)",
    found: JSON.stringify(name),
    at: formatLocation(clan.at(...at)),
    fix: "rename the machine in registry and inventory",
    subject: { kind: "machine", name },
  });
}

function notRegistered(name: string, clan: ComposedClan): MachineNotRegisteredError {
  const near = likelyName(name, clan.registry, clan.machines);
  const platform = clan.machines.get(name)?.machineClass ?? "nixos";
  return new MachineNotRegisteredError({
    summary: `${name}: in the inventory, but not registered: nothing says what builds it`,
    expected: `clan.machines.${name} with imports: [config.flake.modules.${platform}["machines/${platform}/${name}"]]`,
    found: near === undefined ? "no such machine in the registry" : `${near} in the registry`,
    at: formatLocation(clan.at("clan", "inventory", "machines", name)),
    fix:
      near === undefined ? `register ${name}, or take it out of the inventory` : `write "${near}", or register ${name}`,
    subject: { kind: "machine", name },
  });
}

function notInInventory(name: string, { nixpkgs }: RegisteredMachine, clan: ComposedClan): MachineNotInInventoryError {
  const near = likelyName(name, clan.machines, clan.registry);
  const machineClass = classOfPlatform(nixpkgs.hostPlatform);
  return new MachineNotInInventoryError({
    summary: `${name}: registered, but not in the inventory: it would have no tags, no roles by them and no target host`,
    expected: `clan.inventory.machines.${name}${machineClass === "darwin" ? ' with machineClass: "darwin"' : ""}`,
    found: near === undefined ? "no such machine in the inventory" : `${near} in the inventory`,
    at: formatLocation(clan.at("clan", "machines", name)),
    fix:
      near === undefined
        ? `add ${name} to the inventory, or take it out of the registry`
        : `write "${near}", or add ${name}`,
    subject: { kind: "machine", name },
  });
}

/** The name that was meant: preferably one that the other side lacks as well. */
function likelyName(
  name: string,
  known: ReadonlyMap<string, unknown>,
  others: ReadonlyMap<string, unknown>,
): string | undefined {
  const lacking = [...known.keys()].filter((machine) => !others.has(machine));
  return nearestNames(name, lacking)[0] ?? nearestNames(name, known.keys())[0];
}
