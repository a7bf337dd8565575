# `systemd.tmpfiles.rules`: applied by the activation, as far as they create.
{ config, lib, ... }:
let
  inherit (config.systemd.tmpfiles) rules;
in
{
  _file = "<systemd.tmpfiles>";
  options.systemd.tmpfiles.rules = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
  config = lib.mkIf (rules != [ ]) {
    environment.etc."tmpfiles.d/00-nixos.conf".text = lib.concatLines rules;
    system.activationScripts.tmpfiles = {
      deps = [ "etc" ];
      text = "systemd-tmpfiles --create /etc/tmpfiles.d/00-nixos.conf";
    };
  };
}
