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
  evaluation = lib.evalModules {
    inherit class;
    roots = import ./roots.nix class;
    modules = [
      ./common.nix
      (./. + "/${class}.nix")
      {
        _file = "<${class}System>";
        config = lib.optionalAttrs (system != null) { nixpkgs.hostPlatform = lib.mkDefault system; };
      }
    ] ++ modules;
    specialArgs = {
      inherit buildPlatform;
      machineClass = class;
      modulesPath = toString ./profiles;
    } // specialArgs;
  };
in
evaluation // { inherit (evaluation.config._module.args) pkgs; }
