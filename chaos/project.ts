import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import type { HostSpec } from "../sim/hosts/host-spec.ts";
import { runCommand } from "../sim/hosts/run-command.ts";
import { askedFile } from "./host-look.ts";
import { keyFile } from "./invariants.ts";

const checkout = resolve(import.meta.dirname, "..");
export const stackName = "chaos";

/** While it exists on a host, the health gate does not pass there. */
export const unhealthyFile = "/var/lib/chaos/unhealthy";

/** What the fleet declares: every variant is another system of every machine. */
export interface Declaration {
  readonly variant: number;
  /** The identity that opens what the systems bring: `identity-<n>`. */
  readonly identity: string;
}

/** A small fleet in a folder of its own, with the project's own program. */
export interface Project {
  readonly root: string;
  /** Of the simulated hosts. */
  readonly simulation: string;
  /** For every command in it. */
  readonly env: NodeJS.ProcessEnv;
  declare(declaration: Declaration): Promise<void>;
}

// What index.ts imports; git does not see the links, so the fleet's tree is the small one.
const rooms = ["clan", "components", "program", "stack"];

export async function createProject(root: string, specs: readonly HostSpec[], signal: AbortSignal): Promise<Project> {
  const simulation = join(root, ".state/sim");
  const backend = join(root, ".state/pulumi");
  await mkdir(backend, { recursive: true });
  await mkdir(join(root, "modules"));
  await mkdir(join(root, "node_modules"));
  for (const room of rooms) await symlink(join(checkout, room), join(root, room));
  await symlink(checkout, join(root, "node_modules/pulumi-clan"));
  await symlink(join(checkout, "node_modules/@pulumi"), join(root, "node_modules/@pulumi"));
  for (const file of ["index.ts", "fleet.ts", "Pulumi.yaml"]) await cp(join(checkout, file), join(root, file));
  await cp(join(checkout, "sim/system"), join(root, "sim/system"), { recursive: true });
  await writeFile(
    join(root, "package.json"),
    JSON.stringify({ name: "chaos", private: true, type: "module", main: "index.ts" }),
  );
  await writeFile(
    join(root, ".gitignore"),
    ["/.state", "/node_modules", ...rooms.map((room) => `/${room}`), ""].join("\n"),
  );
  await writeFile(join(root, `Pulumi.${stackName}.yaml`), stringify(stackConfig(specs, simulation)));
  const project = {
    root,
    simulation,
    env: {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PULUMI_STACK: stackName,
      PULUMI_CONTINUE_ON_ERROR: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    },
    declare: (declaration: Declaration) => writeFile(join(root, "modules/fleet.ts"), fleetModule(specs, declaration)),
  };
  await project.declare({ variant: 0, identity: "identity-0" });
  await runCommand("git", ["init", "--quiet"], { cwd: root }, signal);
  await runCommand("git", ["add", "--all"], { cwd: root }, signal);
  await runCommand(
    "pulumi",
    ["stack", "init", stackName, "--non-interactive"],
    { cwd: root, env: project.env },
    signal,
  );
  return project;
}

/** Short waits: what a way back costs is part of every second run. */
const policy = {
  ackDeadlineSeconds: 5,
  reconnectDeadlineSeconds: 30,
  healthGates: [
    {
      kind: "command",
      argv: ["/bin/sh", "-c", `mkdir -p /run/chaos; : >/${askedFile}; [ ! -e ${unhealthyFile} ]`],
      deadlineSeconds: 3,
      intervalSeconds: 0.5,
    },
  ],
};

function stackConfig(specs: readonly HostSpec[], simulation: string): unknown {
  const hosts = specs.map(({ name, address }) => [name, { targetHost: `root@${address}`, buildOn: "local" }] as const);
  return {
    config: {
      "pulumi-clan:systemBuilder": "sim/system",
      "pulumi-clan:vars": join(simulation, "vars"),
      "pulumi-clan:identityFile": join(simulation, "operator_ed25519"),
      "pulumi-clan:connectDeadlineSeconds": 30,
      "pulumi-clan:policy": policy,
      "pulumi-clan:hosts": Object.fromEntries(hosts),
    },
  };
}

// What a push brings: paths that need no build, a hundred kilobytes each.
const loads = 16;
const load =
  'variant: number: { name = "chaos/load-" + toString number; value.source = builtins.toFile "load" (builtins.concatStringsSep "" (builtins.genList (line: variant + ", " + toString number + "." + toString line + "\\n") 4000)); }';

/** The fleet's one module. A NixOS machine's unit opens what the system brings, as sops-install-secrets does: without the identity it fails. */
function fleetModule(specs: readonly HostSpec[], { variant, identity }: Declaration): string {
  const machines = specs.map(({ name, kind, loader }) => {
    const machineClass = kind === "darwin" ? "darwin" : "nixos";
    const platform = kind === "darwin" ? "aarch64-darwin" : "x86_64-linux";
    const more = loader === "grub" ? [`${machineClass}.grub`] : [];
    const imports = [`${machineClass}.base`, `${machineClass}.${name}`, ...more].join(", ");
    // Of each machine its own: two builds of the same derivation wait for one another.
    const text = `environment.etc = builtins.listToAttrs (builtins.genList (load "${variant} of ${name}") ${loads})`;
    return {
      machineClass,
      entry: `${name}: nix\`let load = ${load}; in { ${text}; networking.hostName = "${name}"; }\`,`,
      registry: `${name}: { nixpkgs: { hostPlatform: "${platform}" }, imports: [${imports}] },`,
      inventory: `${name}: { machineClass: "${machineClass}", tags: [] },`,
    };
  });
  const entriesOf = (wanted: string): string =>
    machines.flatMap(({ machineClass, entry }) => (machineClass === wanted ? [entry] : [])).join(" ");
  return `import { clanFlakeModule, flakeModule, nix } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos, darwin } = config.flake.modules;
  return {
    imports: [clanFlakeModule],
    flake: { modules: {
      nixos: {
        base: nix\`{ lib, ... }: {
          environment.etc."chaos/identity".text = "${identity}";
          boot.loader.systemd-boot = { enable = lib.mkDefault true; configurationLimit = 5; };
          boot.loader.grub.configurationLimit = 5;
          systemd.services.chaos = {
            wantedBy = [ "multi-user.target" ];
            environment.VARIANT = "${variant}";
            serviceConfig = { Type = "oneshot"; RemainAfterExit = true; ExecStart = "/bin/grep -qxF ${identity} ${keyFile}"; };
          };
        }\`,
        grub: nix\`{ lib, ... }: { boot.loader = { systemd-boot.enable = false; grub.enable = true; }; }\`,
        ${entriesOf("nixos")}
      },
      darwin: { base: nix\`{ environment.etc."chaos/identity".text = "${identity}"; }\`, ${entriesOf("darwin")} },
    } },
    clan: {
      meta: { name: "chaos", domain: "zt" },
      machines: { ${machines.map(({ registry }) => registry).join("\n        ")} },
      inventory: { machines: { ${machines.map(({ inventory }) => inventory).join("\n        ")} } },
    },
  };
});
`;
}
