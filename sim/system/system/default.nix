# Evaluates one machine: the fleet's modules on top of what every system of its class has.
{ lib, system }:
let
  buildPlatform = system;
in
{
  class,
  modules,
  specialArgs ? { },
  # As nixosSystem takes it: the machine's platform, not the one that builds.
  system ? null,
  ...
}:
let
  # With more modules, as specialisations have them.
  evaluateWith = more: lib.evalModules {
    inherit class;
    roots = import ./roots.nix class;
    modules = [
      ./common.nix
      (./. + "/${class}.nix")
      {
        _file = "<${class}System>";
        config = lib.optionalAttrs (system != null) { nixpkgs.hostPlatform = lib.mkDefault system; };
      }
    ] ++ modules ++ more;
    specialArgs = {
      inherit buildPlatform evaluateWith;
      machineClass = class;
      modulesPath = toString ./profiles;
    } // specialArgs;
  };
  evaluation = evaluateWith [ ];
in
evaluation
// {
  inherit (evaluation.config._module.args) pkgs;
  options = lib.recursiveUpdate evaluation.options {
    # Each home is an evaluation of its own. Source: nixpkgs 25.11, lib/types.nix, `valueMeta`.
    home-manager.users = lib.optionalAttrs (evaluation.options ? home-manager) {
      valueMeta.attrs = lib.genAttrs (builtins.attrNames evaluation.config.home-manager.users) (user: {
        configuration = evaluation.options.home-manager.users.type.nestedTypes.elemType.evaluate [ "home-manager" "users" user ] (
          evaluation.definitionsOf [ "home-manager" "users" user ]
        );
      });
    };
  };
}
