# The shape of a module of class clan.service.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  _file = "<clan.service>";
  options = {
    manifest = mkOption { type = types.anything; default = { }; };
    exports = mkOption { type = types.anything; default = { }; };
    perMachine = mkOption { type = types.raw; default = _: { }; };
    roles = mkOption {
      default = { };
      type = types.attrsOf (types.submodule {
        options = {
          description = mkOption { type = types.str; default = ""; };
          interface = mkOption { type = types.deferredModule; default = { }; };
          perInstance = mkOption { type = types.raw; default = _: { }; };
        };
      });
    };
  };
}
