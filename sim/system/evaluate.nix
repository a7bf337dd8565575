# The outputs of a fleet's flake, with stand-ins for every input: `tree` is the copy of the repository that is read.
#
# `tree/flake.nix` is called as Nix would call it; a tree that has none yet is entered at nix/fleet.nix.
{ tree, system }:
let
  lib = import ./lib;
  flake =
    if builtins.pathExists "${tree}/flake.nix" then
      import "${tree}/flake.nix"
    else
      {
        inputs = { };
        outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } "${tree}/nix/fleet.nix";
      };
  self = outputs // {
    outPath = toString tree;
    inherit outputs inputs;
    _type = "flake";
  };
  inputs = import ./inputs {
    inherit lib system self tree;
    names = builtins.attrNames (flake.inputs or { });
  };
  outputs = flake.outputs inputs;
in
outputs
