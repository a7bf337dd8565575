import { nix } from "../../composition/body/nix-template.ts";
import { isPlainObject } from "../../composition/body/plain-object.ts";
import { requireInput } from "../../composition/emission/emit-flake.ts";
import { type Binding, printFlakeModule } from "../../composition/emission/generated-file.ts";
import type { FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import type { ComposedClan, RegisteredMachine } from "../composed-clan.ts";

const file = "nix/registry.nix";

/** `nix/registry.nix`: which entries build which machine, for clan-core, which makes the systems. */
export function emitRegistry(evaluation: FlakeEvaluation, clan: ComposedClan): string {
  const bindings = [...clan.registry].map(
    ([name, machine]): Binding => ({
      source: clan.at("clan", "machines", name).file,
      path: ["clan", "machines", name],
      value: { nixpkgs: { hostPlatform: machine.nixpkgs.hostPlatform }, imports: machine.imports },
    }),
  );
  const { root } = evaluation;
  return printFlakeModule(root, {
    file,
    source: "clan.machines and clan.specialArgs",
    arguments: ["config", "inputs", "lib"],
    bindings: [...specialArguments(evaluation, clan), ...bindings],
  });
}

/** What the fleet hands to its machines' modules beside `inputs`, which nix/fleet.nix hands over. */
function specialArguments({ config }: FlakeEvaluation, clan: ComposedClan): readonly Binding[] {
  const stated = isPlainObject(config["clan"]) ? config["clan"]["specialArgs"] : undefined;
  if (!isPlainObject(stated)) return [];
  return Object.keys(stated).map((name) => ({
    source: clan.at("clan", "specialArgs", name).file,
    path: ["clan", "specialArgs", name],
    value: stated[name],
  }));
}

/** `nix/registry.nix` of a fleet without clan: the registry's machines as configurations of nixpkgs and nix-darwin. */
export function emitPlainRegistry({ root, definition }: FlakeEvaluation, clan: ComposedClan): string {
  const bindings = [...clan.registry].map(([name, machine]): Binding => {
    const darwin = isDarwin(machine);
    requireInput(definition.inputs, darwin ? "nix-darwin" : "nixpkgs", `machine ${name} is made by it`);
    const { hostPlatform } = machine.nixpkgs;
    const system = {
      specialArgs: nix`{ inherit inputs; }`,
      modules: [{ nixpkgs: { hostPlatform } }, ...machine.imports],
    };
    return {
      source: clan.at("clan", "machines", name).file,
      path: ["flake", darwin ? "darwinConfigurations" : "nixosConfigurations", name],
      value: darwin ? nix`inputs.nix-darwin.lib.darwinSystem ${system}` : nix`inputs.nixpkgs.lib.nixosSystem ${system}`,
    };
  });
  return printFlakeModule(root, { file, source: "clan.machines", arguments: ["config", "inputs"], bindings });
}

/** By the class of what it imports; a machine of generic entries only, by its platform. */
function isDarwin({ imports, nixpkgs }: RegisteredMachine): boolean {
  const own = imports.find((reference) => reference.class === "darwin" || reference.class === "nixos");
  return own === undefined ? nixpkgs.hostPlatform.endsWith("-darwin") : own.class === "darwin";
}
