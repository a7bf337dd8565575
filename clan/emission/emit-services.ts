import { nix } from "../../composition/body/nix-template.ts";
import { type Binding, printFlakeModule } from "../../composition/emission/generated-file.ts";
import type { EntryReference } from "../../composition/entry-reference.ts";
import type { FlakeEvaluation } from "../../composition/evaluate-flake.ts";
import type { ComposedClan, ServiceInstance } from "../composed-clan.ts";

/** True where the instance's service is written in the fleet itself, as pattern 3 has it. */
export function isInline({ module }: ServiceInstance): boolean {
  return module.imports.length > 0 || (module.description !== null && module.name === null && module.input === null);
}

/**
 * `nix/services.nix`: each inline service as `clan.modules.<instance>`, whose every role takes the shared entries.
 * Source: clan-core 26.05, modules/clan/module.nix (`clan.modules`) and lib/inventory/distributed-service: an inline
 * module in an instance is refused there, a named one of the input `self` is not.
 */
export function emitServices({ root }: FlakeEvaluation, clan: ComposedClan): string {
  const bindings = [...clan.instances]
    .filter(([, instance]) => isInline(instance))
    .map(
      ([name, instance]): Binding => ({
        source: clan.at("clan", "inventory", "instances", name, "module").file,
        path: ["clan", "modules", name],
        value: serviceModule(name, instance),
      }),
    );
  const source = "the inline modules of clan.inventory.instances";
  return printFlakeModule(root, { file: "nix/services.nix", source, arguments: ["config"], bindings });
}

function serviceModule(name: string, { module, roles }: ServiceInstance): Readonly<Record<string, unknown>> {
  const description = module.description ?? `imports ${module.imports.map(({ entry }) => entry).join(", ")}`;
  const role = { description, interface: {}, perInstance: nix`_: ${perInstance(module.imports)}` };
  return {
    _class: "clan.service",
    manifest: { name, readme: description },
    roles: Object.fromEntries(Object.keys(roles).map((roleName) => [roleName, role])),
  };
}

/** A generic entry serves both classes; one of a class only its own. */
function perInstance(imports: readonly EntryReference[]): Readonly<Record<string, unknown>> {
  const forClass = (attribute: string, className: string): Readonly<Record<string, unknown>> => {
    const [first, ...others] = imports.filter((entry) => entry.class === "generic" || entry.class === className);
    if (first === undefined) return {};
    return { [attribute]: others.length === 0 ? first : { imports: [first, ...others] } };
  };
  return { ...forClass("nixosModule", "nixos"), ...forClass("darwinModule", "darwin") };
}
