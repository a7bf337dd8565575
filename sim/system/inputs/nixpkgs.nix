{ lib, system, evaluateSystem }:
{
  lib = lib // {
    nixosSystem = arguments: evaluateSystem (arguments // { class = "nixos"; });
  };
  legacyPackages = lib.genAttrs lib.platforms.all (
    hostPlatform: import ../packages { inherit lib system hostPlatform; }
  );
  outPath = toString ../packages;
}
