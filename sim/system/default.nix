# The toplevel of one machine of a fleet, in Nix builtins only: test equipment, see README.md.
{
  # A copy of the repository: flake.nix, nix/, modules/, pkgs/.
  tree,
  machine,
  # "nixos" or "darwin".
  class,
  # The platform that builds and runs the result, whatever the machine's hostPlatform says.
  system,
}:
let
  output = "${class}Configurations";
  outputs = import ./evaluate.nix { inherit tree system; };
  configurations = outputs.${output} or { };
  others = builtins.filter (other: other != output && outputs ? ${other}.${machine}) [
    "nixosConfigurations"
    "darwinConfigurations"
  ];
in
if configurations ? ${machine} then
  configurations.${machine}.config.system.build.toplevel // { inherit (configurations.${machine}) config; }
else if others != [ ] then
  throw "machine `${machine}' is not of class ${class}: the flake has it among ${toString others}"
else
  throw "the flake has no ${output}.${machine}; it has: ${toString (builtins.attrNames configurations)}"
