const flakeFile = `{
  inputs.flake-parts.url = "github:hercules-ci/flake-parts";
  inputs.import-tree.url = "github:vic/import-tree";
  inputs.clan-core.url = "https://git.clan.lol/clan/clan-core/archive/main.tar.gz";
  inputs.home-manager.url = "github:nix-community/home-manager";
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } (inputs.import-tree ./modules);
}
`;
const modules = {
  "modules/core.nix": `{ inputs, ... }: {
  imports = [ inputs.flake-parts.flakeModules.modules inputs.clan-core.flakeModules.default ];
  clan.meta.name = "tree";
}
`,
  "modules/nixos/ssh.nix": '{ flake.modules.nixos.base = { environment.etc.ssh.text = "a"; }; }\n',
  "modules/nixos/base.nix": `{ config, ... }: {
  flake.modules.nixos.base = { pkgs, ... }: {
    imports = [ config.flake.modules.generic.known-hosts ];
  };
  flake.modules.generic.known-hosts = { environment.etc.hosts2.text = "b"; };
}
`,
  "modules/home/ai.nix": `{ config, ... }: {
  flake.modules.homeManager.ai = { ... }: { imports = [ config.flake.modules.homeManager.core ]; };
  flake.modules.homeManager.core.home.file.".x".text = "x";
  flake.modules.homeManager.unused = { };
}
`,
  "modules/machines/onyx.nix": `{ config, inputs, ... }: {
  flake.modules.nixos."machines/nixos/onyx" = {
    imports = with config.flake.modules.nixos; [ base inputs.home-manager.nixosModules.home-manager ];
    users.users.mina.isNormalUser = true;
    home-manager.users.mina.imports = [ config.flake.modules.homeManager.ai ];
  };
}
`,
  "modules/clan/machines.nix": `{ config, ... }:
{
  clan.machines = {
    onyx = {
      nixpkgs.hostPlatform = "x86_64-linux";
      imports = [ config.flake.modules.nixos."machines/nixos/onyx" ];
    };
  };
}
`,
  "modules/clan/inventory.nix":
    '{ clan.inventory.machines.onyx = { tags = [ "peer" ]; deploy.targetHost = "root@onyx.example.org"; }; }\n',
};

/** Path → text of a small dendritic flake: one machine, a home, an entry that nobody imports. */
export const dendriticFlake = { "flake.nix": flakeFile, ...modules };
