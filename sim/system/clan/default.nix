# clan-core: the flake module that makes machines of registry, inventory and services.
{ lib, evaluateSystem }:
let
  flakeModule =
    { config, inputs, ... }:
    let
      # As text: a path in a string would be copied, and the whole repository with it.
      root = toString inputs.self;
      resolution = import ./resolve.nix { inherit lib; clan = config.clan; };
      evaluate =
        class: name:
        evaluateSystem {
          inherit class;
          machine = name;
          specialArgs = { clan-core = inputs.clan-core; self = inputs.self; } // config.clan.specialArgs;
          modules =
            [
              config.clan.machines.${name} or { }
              (import ./core-module.nix { inherit name; clan = config.clan; })
            ]
            ++ lib.optional (builtins.pathExists "${root}/machines/${name}/configuration.nix") (
              "${root}/machines/${name}/configuration.nix"
            )
            ++ resolution.modulesOf class name;
        };
      ofClass = class: lib.filterAttrs (_: machine: machine.machineClass == class) resolution.machines;
    in
    {
      _file = "<clan-core/flakeModules>";
      key = "<clan-core/flakeModules>";
      imports = [ ./options.nix ];
      config.flake = {
        nixosConfigurations = builtins.mapAttrs (name: _: evaluate "nixos" name) (ofClass "nixos");
        darwinConfigurations = builtins.mapAttrs (name: _: evaluate "darwin" name) (ofClass "darwin");
        clan = { inherit (config.clan) inventory machines meta; inherit (resolution) members; };
        clanInternals = import ./internals.nix { inherit lib resolution; inherit (config) clan; };
      };
    };
in
{
  flakeModules = { default = flakeModule; clan = flakeModule; };
  flakeModule = flakeModule;
  lib = { };
}
