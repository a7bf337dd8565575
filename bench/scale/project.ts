import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { StorePath } from "../../local-nix/store-path.ts";
import { type FleetSize, syntheticFleet } from "../synthetic/fleets.ts";
import { type StandInSystem, standInFlakes } from "./stand-in-flakes.ts";

/** Where one machine of the project answers. */
export interface HostPlace {
  readonly machine: string;
  /** On loopback. */
  readonly port: number;
  /** Public key of the host, as in `ssh_host_ed25519_key.pub`. */
  readonly hostKey: string;
  /** In the operator's store; its system refers to it. Absent: to nothing. */
  readonly closure?: StorePath | undefined;
}

/** A stack of the project: some of its machines. */
export interface StackPart {
  readonly name: string;
  readonly hosts: readonly HostPlace[];
  /** Private key file that the hosts know, where there is one. */
  readonly identityFile?: string | undefined;
  /** Further keys below `pulumi-clan:`. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

export const projectName = "scale";

const packageRoot = join(import.meta.dirname, "../..");

/**
 * Writes a Pulumi project into an empty folder: a synthetic fleet, the program of every project, and the stacks' files. Its
 * inputs are flakes beside it, so that its own flake is locked and evaluated by Nix as anybody's is, without a network.
 *
 * Addresses stand in the inventory and keys among the vars, as clan has them. In the stack's configuration they would be too
 * many: Pulumi hands it to the program as one variable of its environment, and Linux takes no more than 128 KiB.
 */
export function writeProject(root: string, size: FleetSize, stacks: readonly StackPart[]): void {
  const places = new Map(stacks.flatMap(({ hosts }) => hosts.map((host) => [host.machine, host] as const)));
  const files = new Map([
    ...syntheticFleet(size, (machine) => `root@127.0.0.1:${places.get(machine)?.port ?? 22}`),
    ...[...places.values()].map(({ machine, hostKey }) => [publishedKey(machine), `${hostKey}\n`] as const),
    ...standInFlakes(systemsOf(stacks)),
    ["fleet.ts", fleetFile(root)],
    ["index.ts", programFile],
    [
      "Pulumi.yaml",
      stringify({ name: projectName, runtime: { name: "nodejs", options: { typescript: false } }, main: "index.ts" }),
    ],
    [".gitignore", "node_modules\n"],
    ...stacks.map((stack) => [`Pulumi.${stack.name}.yaml`, stackFile(stack)] as const),
  ]);
  for (const [path, text] of files) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  rmSync(join(root, "node_modules"), { recursive: true, force: true });
  mkdirSync(join(root, "node_modules"));
  symlinkSync(packageRoot, join(root, "node_modules", "pulumi-clan"));
  symlinkSync(join(packageRoot, "node_modules", "@pulumi"), join(root, "node_modules", "@pulumi"));
  // Without a repository of its own the fleet's tree would be all that lies there.
  execFileSync("git", ["init", "--quiet"], { cwd: root });
}

function systemsOf(stacks: readonly StackPart[]): Readonly<Record<string, StandInSystem>> {
  const hosts = stacks.flatMap((stack) => stack.hosts);
  return Object.fromEntries(
    hosts.map(({ machine, port, closure }) => [machine, { port, ...(closure === undefined ? {} : { closure }) }]),
  );
}

/** As clan's openssh generator publishes it. */
function publishedKey(machine: string): string {
  return `vars/per-machine/${machine}/openssh/ssh.id_ed25519.pub/value`;
}

function stackFile({ hosts, identityFile, config: more = {} }: StackPart): string {
  const config = {
    "pulumi-clan:machines": hosts.map(({ machine }) => machine),
    ...(identityFile === undefined ? {} : { "pulumi-clan:identityFile": identityFile }),
    ...Object.fromEntries(Object.entries(more).map(([key, value]) => [`pulumi-clan:${key}`, value])),
  };
  return stringify({ config });
}

// Absolute: of inputs by relative paths Nix 2.26 loses the parent, and overflows its stack.
const fleetFile = (root: string): string => `import { defineFleet, importTree } from "pulumi-clan/author";

export default defineFleet({
  name: "synthetic",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: {
    nixpkgs: { url: "path:${root}/inputs/nixpkgs" },
    "flake-parts": { url: "path:${root}/inputs/flake-parts" },
    "import-tree": { url: "path:${root}/inputs/import-tree" },
    "clan-core": { url: "path:${root}/inputs/clan-core" },
  },
});
`;

const programFile = `import { runFleet } from "pulumi-clan";

export const { machines, publicVars } = await runFleet(import.meta.dirname);
`;
