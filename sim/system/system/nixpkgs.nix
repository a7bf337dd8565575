# `nixpkgs.*`, and the package set that modules get as `pkgs`.
{ config, lib, buildPlatform, machineClass, ... }:
let
  inherit (lib) mkOption types;
  platformName = platform: if builtins.isAttrs platform then platform.system else platform;
  pkgs = import ../packages {
    inherit lib;
    system = buildPlatform;
    inherit (config.nixpkgs) overlays config;
    hostPlatform = platformName config.nixpkgs.hostPlatform;
  };
  matches = if machineClass == "darwin" then pkgs.stdenv.isDarwin else pkgs.stdenv.isLinux;
in
{
  _file = "<nixpkgs>";
  options.nixpkgs = {
    hostPlatform = mkOption { type = types.either types.str types.attrs; };
    overlays = mkOption { type = types.listOf types.raw; default = [ ]; };
    config = mkOption { type = types.anything; default = { }; };
  };
  config = {
    _module.args.pkgs = pkgs;
    assertions = [
      {
        assertion = matches;
        message = "`nixpkgs.hostPlatform' is ${pkgs.stdenv.system}, which is no platform of a ${machineClass} system";
      }
    ];
  };
}
