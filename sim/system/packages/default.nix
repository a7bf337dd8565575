# Stand-in for nixpkgs: packages that run nowhere but have names, versions, programs, sizes and references.
{
  lib,
  # Where derivations are built.
  system,
  # What the machine says it is.
  hostPlatform,
  overlays ? [ ],
  config ? { },
}:
let
  platform = import ./platform.nix hostPlatform;
  buildPlatform = system;
  builders = import ./builders.nix { inherit lib system; };
  builderFile = ./stand-in.sh;

  standIn =
    given@{
      pname,
      version,
      fillKiB ? 64,
      programs ? [ pname ],
      program ? null,
      requires ? [ ],
    }:
    let
      names = if program != null && !(given ? programs) then [ program ] else programs;
      package = derivation {
        name = "${pname}-${version}";
        inherit system version fillKiB requires;
        programs = names;
        builder = "/bin/sh";
        args = [ "-euc" "name=${pname}; . ${builderFile}" ];
        PATH = builders.searchPath;
      };
    in
    package
    // {
      inherit pname version;
      meta = lib.optionalAttrs (names != [ ]) { mainProgram = builtins.head names; };
      override = _: package // { inherit pname version; };
      overrideAttrs =
        change:
        let
          changed = if builtins.isFunction change then change { inherit pname version; } else change;
        in
        standIn (given // builtins.intersectAttrs { pname = 0; version = 0; } changed);
    };

  catalogue = builtins.mapAttrs (
    pname: entry:
    standIn (
      { inherit pname; requires = lib.optional (pname != "glibc") catalogue.glibc; } // entry
    )
  ) (import ./catalogue.nix);

  base =
    final:
    catalogue
    // builders
    // import ./kernel.nix { inherit lib builders standIn; }
    // rec {
      inherit lib config overlays;
      system = platform.system;
      hostPlatform = platform;
      targetPlatform = platform;
      stdenv = import ./stdenv.nix {
        inherit lib builders standIn;
        hostPlatform = platform;
      };
      stdenvNoCC = stdenv;
      # Not in nixpkgs: the same set with other overlays, for homes that do not share the machine's.
      withOverlays =
        others:
        import ./. {
          inherit lib config;
          hostPlatform = platform.system;
          system = buildPlatform;
          overlays = others;
        };
      # Not in nixpkgs: a package of any name, for the stand-ins of services.
      simulatedPackage = standIn;
      newScope = scope: callPackageWith (final // scope);
      callPackage = callPackageWith final;
      inherit (stdenv) mkDerivation;
    };
  callPackageWith =
    scope: given: overrides:
    let
      function = if builtins.isFunction given then given else import given;
      arguments = lib.filterAttrs (name: _: scope ? ${name} || overrides ? ${name}) (lib.functionArgs function);
      package = function (builtins.mapAttrs (name: _: overrides.${name} or scope.${name}) arguments);
    in
    if builtins.isAttrs package then
      package // { override = changes: callPackageWith scope function (overrides // changes); }
    else
      package;
in
lib.fix (lib.foldl' (packages: overlay: lib.extends overlay packages) base overlays)
