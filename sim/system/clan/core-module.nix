# What clan-core adds to every machine: its name and the `clan.core` options.
{ name, clan }:
{ lib, ... }:
{
  _file = "<clan-core>";
  options.clan.core = {
    settings = lib.mkOption { type = lib.types.anything; default = { }; };
    networking.targetHost = lib.mkOption { type = lib.types.nullOr lib.types.str; default = null; };
    networking.buildHost = lib.mkOption { type = lib.types.nullOr lib.types.str; default = null; };
    vars = lib.mkOption { type = lib.types.anything; default = { }; };
    sops = lib.mkOption { type = lib.types.anything; default = { }; };
    state = lib.mkOption { type = lib.types.anything; default = { }; };
    deployment = lib.mkOption { type = lib.types.anything; default = { }; };
    enableRecommendedDefaults = lib.mkOption { type = lib.types.bool; default = true; };
  };
  config = {
    clan.core.settings.machine.name = name;
    clan.core.settings.name = clan.meta.name;
    networking.hostName = lib.mkDefault name;
  };
}
