import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Size of a synthetic fleet. */
export interface FleetSize {
  readonly machines: number;
  /** Entries of class nixos beside the machines' own; every machine imports each of them. */
  readonly entries: number;
}

/**
 * The files of a fleet, by path: laid out as the example, one file per entry and per machine, registry and inventory in one
 * file each, roles by tag. A machine states all of its imports itself: `machines * entries` references.
 * @param targetHostOf - machine → `[user@]host[:port]`.
 */
export function syntheticFleet(
  { machines, entries }: FleetSize,
  targetHostOf = (machine: string): string => `root@${machine}.example`,
): ReadonlyMap<string, string> {
  const names = machineNames(machines);
  const entryNames = numbered("entry", entries);
  return new Map([
    ["package.json", '{ "type": "module" }\n'],
    ["fleet.ts", fleetFile],
    ["modules/clan/core.ts", coreFile],
    ["modules/clan/machines.ts", registryFile(names)],
    ["modules/clan/inventory/machines.ts", inventoryFile(names, targetHostOf)],
    ["modules/clan/inventory/services.ts", servicesFile],
    ...entryNames.map((name) => [`modules/nixos/${name}.ts`, entryFile(name)] as const),
    ...names.map((name) => [`modules/machines/${name}.ts`, machineFile(name, entryNames)] as const),
  ]);
}

/** Names of a synthetic fleet's machines. */
export function machineNames(machines: number): readonly string[] {
  return numbered("machine", machines);
}

/** Writes a synthetic fleet into an empty folder. @param packageRoot - where the fleet finds `pulumi-clan`. */
export function writeFleet(root: string, size: FleetSize, packageRoot: string): void {
  for (const [path, text] of syntheticFleet(size)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, "node_modules"));
  symlinkSync(packageRoot, join(root, "node_modules", "pulumi-clan"));
}

function numbered(word: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${word}-${String(index).padStart(4, "0")}`);
}

const fleetFile = `import { defineFleet, importTree } from "pulumi-clan/author";

export default defineFleet({
  name: "synthetic",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs/nixos-unstable" },
    "clan-core": { url: "https://git.clan.lol/clan/clan-core/archive/main.tar.gz", follows: { nixpkgs: "nixpkgs" } },
  },
});
`;

const coreFile = `import { clanFlakeModule, flakeModule } from "pulumi-clan/author";

export default flakeModule({
  imports: [clanFlakeModule],
  clan: { meta: { name: "synthetic", domain: "example" } },
});
`;

const servicesFile = `import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  clan: {
    inventory: {
      instances: {
        sshd: {
          module: { name: "sshd", input: "clan-core" },
          roles: { server: { tags: ["nixos"] }, client: { tags: ["nixos"] } },
        },
      },
    },
  },
});
`;

function registryFile(machines: readonly string[]): string {
  const lines = machines.map((name) => `        "${name}": { nixpkgs: linux, imports: [nixos["machines/${name}"]] },`);
  return `import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos } = config.flake.modules;
  const linux = { hostPlatform: "x86_64-linux" };
  return {
    clan: {
      machines: {
${lines.join("\n")}
      },
    },
  };
});
`;
}

function inventoryFile(machines: readonly string[], targetHostOf: (machine: string) => string): string {
  const lines = machines.map(
    (name) => `        "${name}": { tags: ["nixos", "peer"], deploy: { targetHost: "${targetHostOf(name)}" } },`,
  );
  return `import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  clan: {
    inventory: {
      machines: {
${lines.join("\n")}
      },
    },
  },
});
`;
}

function entryFile(name: string): string {
  return `import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "${name}": ({ lib, pkgs }) => ({
          systemd: {
            services: {
              "${name}": {
                wantedBy: ["multi-user.target"],
                serviceConfig: { ExecStart: lib.getExe(pkgs.hello), Restart: "always" },
              },
            },
          },
        }),
      },
    },
  },
});
`;
}

function machineFile(name: string, entries: readonly string[]): string {
  const imports = entries.map((entry) => `              nixos["${entry}"],`);
  return `import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/${name}": {
            imports: [
${imports.join("\n")}
            ],
            networking: { hostName: "${name}" },
            system: { stateVersion: "25.05" },
          },
        },
      },
    },
  };
});
`;
}
