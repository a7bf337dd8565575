# The outputs of a fleet's flake, with stand-ins for every input: `tree` is the copy of the repository that is read.
#
# `tree/flake.nix` is called as Nix would call it; a tree that has none yet is entered at nix/fleet.nix.
{ tree, system }:
let
  lib = import ./lib;
  # As text: a path in a string would be copied, and the whole repository with it.
  root = toString tree;
  flake =
    if builtins.pathExists "${root}/flake.nix" then
      import "${root}/flake.nix"
    else
      {
        inputs = { };
        outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } "${root}/nix/fleet.nix";
      };
  self = outputs // {
    outPath = root;
    inherit outputs inputs;
    _type = "flake";
  };
  inputs = import ./inputs {
    inherit lib system;
    names = builtins.attrNames (flake.inputs or { });
  } // { inherit self; };
  outputs = flake.outputs inputs;
in
outputs
