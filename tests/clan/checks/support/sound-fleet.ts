/** Path → text. */
export type Files = Readonly<Record<string, string>>;

const galenaKey = "age1galena0000000000000000000000000000000000000000000000000000";
const today = Math.floor(Date.now() / 1000);

/** An entry of one machine, in the machine's own folder. */
function machine(name: string, entry: string): string {
  return `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  flake: {
    modules: {
      nixos: {
        "machines/nixos/${name}": ${entry},
      },
    },
  },
}));
`;
}

const withHome = `{
          imports: [config.flake.modules.nixos.base],
          "home-manager": { users: { cameron: { imports: [config.flake.modules.homeManager.ai] } } },
        }`;

function base(body: string): string {
  return `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({
  flake: { modules: { nixos: { base: ${body} } } },
});
`;
}

/** An input of flake.lock, pinned today. */
export function lockedInput(repo: string, others: object = {}, locked: object = {}): object {
  const reference = { type: "github", owner: "NixOS", repo };
  const pinned = { ...reference, narHash: `sha256-${repo}`, lastModified: today, ...locked };
  return { locked: pinned, original: reference, ...others };
}

/** A lock file in which some nodes are others. */
export function lock(nodes: Readonly<Record<string, object>>): string {
  const sound = {
    root: { inputs: { nixpkgs: "nixpkgs", "home-manager": "home-manager", "clan-core": "clan-core" } },
    nixpkgs: lockedInput("nixpkgs"),
    "home-manager": lockedInput("home-manager", { inputs: { nixpkgs: ["nixpkgs"] } }),
    "clan-core": lockedInput("clan-core", { inputs: { nixpkgs: ["nixpkgs"] } }),
  };
  return JSON.stringify({ nodes: { ...sound, ...nodes }, root: "root", version: 7 });
}

/** A fleet of three NixOS machines and a Mac in which no rule finds anything. */
export const soundFleet: Files = {
  "fleet.ts": `import { defineFleet, importTree } from "pulumi-clan/author";
const fleet = defineFleet({
  name: "sound",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs/nixos-25.05" },
    "home-manager": { url: "github:nix-community/home-manager/release-25.05" },
    "clan-core": { url: "github:clan-lol/clan-core" },
  },
});
export default fleet;
`,
  "flake.lock": lock({}),
  "modules/nixos/base/ssh.ts": base("{ services: { openssh: { enable: true } } }"),
  "modules/nixos/base/boot.ts": base("{ boot: { tmp: { cleanOnBoot: true } } }"),
  "modules/nixos/base/firewall.ts": base("{ networking: { firewall: { enable: true } } }"),
  "modules/nixos/board.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({ flake: { modules: { nixos: { board: { services: { board: { enable: true } } } } } } });
`,
  "modules/home/ai.ts": "export default { flake: { modules: { homeManager: { ai: {} } } } };\n",
  "modules/machines/nixos/galena/default.ts": machine("galena", withHome),
  "modules/machines/nixos/galena/disko.ts": machine("galena", '{ disko: { devices: "sda" } }'),
  "modules/machines/nixos/electrum/default.ts": machine("electrum", "{ imports: [config.flake.modules.nixos.base] }"),
  "modules/machines/nixos/cinnabar/default.ts": machine("cinnabar", withHome),
  "modules/machines/darwin/stibnite/default.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule({
  flake: { modules: { darwin: { "machines/darwin/stibnite": { networking: { hostName: "stibnite" } } } } },
});
`,
  "modules/core.ts": `import { clanFlakeModule, flakeModule } from "pulumi-clan/author";
export default flakeModule({ imports: [clanFlakeModule], clan: { meta: { name: "sound" } } });
`,
  "modules/clan/machines.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config: { flake: { modules: { nixos, darwin } } } }) => ({
  clan: {
    machines: {
      galena: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos["machines/nixos/galena"]] },
      electrum: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos["machines/nixos/electrum"]] },
      cinnabar: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos["machines/nixos/cinnabar"]] },
      stibnite: { nixpkgs: { hostPlatform: "aarch64-darwin" }, imports: [darwin["machines/darwin/stibnite"]] },
    },
  },
}));
`,
  "modules/clan/inventory.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  clan: {
    inventory: {
      machines: {
        galena: { tags: ["cloud", "peer"], deploy: { targetHost: "root@galena.zt" } },
        electrum: {
          tags: [
            "cloud",
            "peer",
          ],
          deploy: { targetHost: "root@electrum.zt" },
        },
        cinnabar: { tags: ["cloud", "anchor"], deploy: { targetHost: "root@cinnabar.zt" } },
        stibnite: { machineClass: "darwin", deploy: { targetHost: "crs58@stibnite.zt" } },
      },
      instances: {
        zerotier: {
          module: { name: "zerotier", input: "clan-core" },
          roles: {
            controller: { machines: { cinnabar: {} } },
            peer: { tags: ["peer"] },
          },
        },
        "user-cameron": {
          module: { name: "users", input: "clan-core" },
          roles: { default: { tags: ["nixos"], settings: { user: "cameron" } } },
        },
        board: {
          module: { description: "a board", imports: [config.flake.modules.nixos.board] },
          roles: { default: { machines: { cinnabar: {} } } },
        },
      },
    },
  },
}));
`,
  "vars/shared/zerotier-ip-galena-zerotier/ip/value": "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:1\n",
  "vars/shared/zerotier-ip-electrum-zerotier/ip/value": "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:2\n",
  "vars/shared/zerotier-ip-cinnabar-zerotier/ip/value": "fd5d:bbe3:cbc5:fe6b:f699:93aa:bbcc:3\n",
  "vars/per-machine/galena/openssh/ssh.id_ed25519.pub/value": "ssh-ed25519 AAAAgalena\n",
  "vars/per-machine/electrum/openssh/ssh.id_ed25519.pub/value": "ssh-ed25519 AAAAelectrum\n",
  "vars/per-machine/galena/root-password/hash/secret": JSON.stringify({
    data: "ENC[…]",
    sops: { age: [{ recipient: galenaKey, enc: "…" }] },
  }),
  "vars/per-machine/galena/root-password/hash/machines/galena": "",
  "sops/machines/galena/key.json": JSON.stringify([{ publickey: galenaKey, type: "age" }]),
  "sops/secrets/galena-age.key/secret": "{}",
  justfile: "build:\n  nix build .#nixosConfigurations.galena.config.system.build.toplevel\n",
};

/** One edit: in `file`, `found` becomes `put`. */
export function edit(file: string, found: string, put: string): Files {
  const text = soundFleet[file];
  if (text === undefined || text.split(found).length !== 2) throw new Error(`${file} does not hold ${found} once`);
  return { ...soundFleet, [file]: text.replace(found, put) };
}

/** One edit: a file more, or another text of one. */
export function write(file: string, text: string): Files {
  return { ...soundFleet, [file]: text };
}

/** One edit: a file less. */
export function remove(file: string): Files {
  const { [file]: text, ...others } = soundFleet;
  if (text === undefined) throw new Error(`there is no ${file}`);
  return others;
}
