# Assertions and warnings: a machine whose assertions fail has no toplevel.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  failed = map (check: check.message) (builtins.filter (check: !check.assertion) config.assertions);
in
{
  _file = "<assertions>";
  options = {
    assertions = mkOption { type = types.listOf types.raw; default = [ ]; };
    warnings = mkOption { type = types.listOf types.str; default = [ ]; };
    meta = mkOption { type = types.anything; default = { }; };
    system.build = mkOption { type = types.lazyAttrsOf types.raw; default = { }; };
    system.stateVersion = mkOption { type = types.either types.str types.int; default = "26.05"; };
    system.checked = mkOption { type = types.raw; internal = true; };
  };
  # Gives its argument back once nothing stands against it.
  config.system.checked =
    value:
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatMapStringsSep "\n" (message: "- ${message}") failed}"
    else
      lib.foldr lib.warn value config.warnings;
}
