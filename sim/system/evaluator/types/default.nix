# Option types: { description, check, merge = path: definitions: value, emptyValue? }.
self@{ lib, ... }:
let
  scalars = import ./scalars.nix self;
  containers = import ./containers.nix self;
  modules = import ./modules.nix self;
in
scalars
// containers
// modules
// {
  mkOptionType = arguments: {
    description = arguments.name or "custom";
    check = _: true;
    merge = self.merge.mergeFound;
  } // arguments;
  optionType = scalars.raw;
}
