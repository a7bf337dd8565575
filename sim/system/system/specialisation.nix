# `specialisation.<name>.configuration`: the machine with more configuration, as a toplevel below `specialisation/`.
{ config, lib, evaluateWith, ... }:
let
  inherit (lib) mkOption types;
  toplevelWith =
    { configuration, ... }:
    (evaluateWith [
      configuration
      {
        _file = "<specialisation>";
        specialisation = lib.mkOverride 0 { };
      }
    ]).config.system.build.toplevel;
in
{
  _file = "<specialisation>";
  options.specialisation = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule {
        options.configuration = mkOption {
          type = types.deferredModule;
          default = { };
        };
      }
    );
  };
  config.system.build.specialisations = builtins.mapAttrs (_: toplevelWith) config.specialisation;
}
