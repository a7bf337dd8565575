import type { CheckContext } from "../../../../clan/checks/context.ts";
import { fleetModelSchema } from "../../../../clan/fleet-model.ts";
import { resolveTags } from "../../../../clan/resolve-members.ts";

/** A machine of a model, as far as a test states it. */
export interface StatedMachine {
  readonly class?: "nixos" | "darwin";
  readonly tags?: readonly string[];
  readonly targetHost?: string;
  readonly imports?: readonly string[];
  readonly users?: readonly string[];
  readonly registered?: boolean;
  readonly inInventory?: boolean;
}

export interface StatedModel {
  readonly machines: Readonly<Record<string, StatedMachine>>;
  /** `<class>/<entry>` → machines that it reaches. */
  readonly entries?: Readonly<Record<string, readonly string[]>>;
  /** `<instance>/<role>` → members by name. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
}

/** What the rules see of an adopted flake: a model without lines, nothing of its sources. */
export function adopted(
  { machines, entries = {}, roles = {} }: StatedModel,
  more: Partial<CheckContext> = {},
): CheckContext {
  const stated = Object.entries(machines).map(([name, machine]) => {
    const machineClass = machine.class ?? "nixos";
    const model = {
      system: machineClass === "nixos" ? "x86_64-linux" : "aarch64-darwin",
      description: null,
      targetHost: `root@${name}.zt`,
      buildHost: null,
      imports: [],
      users: [],
      registered: true,
      inInventory: true,
      definedAt: { file: "flake.nix" },
      ...machine,
      class: machineClass,
      tags: [...(machine.tags ?? []), "all", machineClass],
    };
    return [name, model] as const;
  });
  const namespaces: Record<string, Record<string, { files: string[]; importedBy: readonly string[] }>> = {};
  for (const [name, importedBy] of Object.entries(entries)) {
    const [className = "", ...entry] = name.split("/");
    namespaces[className] = {
      ...namespaces[className],
      [entry.join("/")]: { files: [`modules/${entry.at(-1)}.nix`], importedBy },
    };
  }
  const instances = Object.entries(roles).map(([name, members]) => {
    const [instance = "", role = ""] = name.split("/");
    const assigned = { machines: members, tags: [], members, settings: {} };
    const module = { name: instance, input: "clan-core" };
    return [instance, { module, roles: { [role]: assigned }, definedAt: { file: "flake.nix" } }] as const;
  });
  return {
    model: fleetModelSchema.parse({
      schema: 1,
      name: "adopted",
      machines: Object.fromEntries(stated),
      namespaces,
      instances: Object.fromEntries(instances),
      tags: Object.fromEntries(resolveTags(new Map(stated))),
      nodes: {},
      vars: { directory: "vars", perMachine: {}, shared: [] },
      secretStore: null,
    }),
    entries: new Map(Object.keys(entries).map((name) => [name, { definitions: [], importers: new Set<string>() }])),
    reachKnown: true,
    services: new Map(),
    doubled: new Map(),
    outputs: null,
    overlays: [],
    inputs: new Map(),
    tree: null,
    configurations: new Map(),
    hosts: new Map(),
    now: new Date("2026-01-01T00:00:00Z"),
    at: () => null,
    mention: () => null,
    ...more,
  };
}
