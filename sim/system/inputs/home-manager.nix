# home-manager as a module of a system: `home-manager.users.<user>` is a submodule of class homeManager.
{ lib }:
let
  module = {
    _file = "<home-manager>";
    key = "<home-manager>";
    imports = [ ../system/home/users.nix ];
  };
  named = {
    home-manager = module;
    default = module;
  };
in
{
  nixosModules = named;
  darwinModules = named;
  lib = lib // { hm = import ../system/home/lib.nix { inherit lib; }; };
}
