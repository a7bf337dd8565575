# `specialisation.<name>.configuration`: reserved; a toplevel of its own below `specialisation/`.
{ lib, ... }:
{
  _file = "<specialisation>";
  options.specialisation = lib.mkOption {
    type = lib.types.lazyAttrsOf lib.types.raw;
    default = { };
  };
}
