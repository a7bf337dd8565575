# Stand-ins for the flake's inputs. What they give is little, but it is real: modules that declare options, functions
# that evaluate machines, a package set.
{ lib, system, names }:
let
  evaluateSystem = import ../system { inherit lib system; };

  # An input that nothing is known of: its modules are empty, its packages stand-ins.
  unknown =
    name:
    let
      module = {
        _file = "<input ${name}>";
        key = "<input ${name}>";
      };
      moduleNames = [ "default" name (lib.removeSuffix "-nix" name) (lib.removePrefix "nix-" name) ];
      modules = lib.genAttrs moduleNames (_: module);
      packages = import ../packages {
        inherit lib system;
        hostPlatform = system;
      };
      package = packages.simulatedPackage {
        pname = name;
        version = "0";
      };
    in
    {
      outPath = "${builtins.storeDir}/00000000000000000000000000000000-${name}";
      inputs = { };
      nixosModules = modules;
      darwinModules = modules;
      homeModules = modules;
      homeManagerModules = modules;
      flakeModules = modules;
      flakeModule = module;
      overlays.default = _: _: { };
      packages = lib.genAttrs lib.platforms.all (_: lib.genAttrs moduleNames (_: package));
      lib = { };
    };

  known = {
    flake-parts = import ./flake-parts.nix { inherit lib; };
    import-tree = import ./import-tree.nix { inherit lib; };
    clan-core = import ../clan { inherit lib evaluateSystem; };
    home-manager = import ./home-manager.nix { inherit lib; };
    nixpkgs = import ./nixpkgs.nix { inherit lib system evaluateSystem; };
    nixos-hardware.nixosModules = import ./nixos-hardware.nix { inherit lib; };
    nix-darwin.lib.darwinSystem = arguments: evaluateSystem (arguments // { class = "darwin"; });
  };
in
lib.genAttrs names unknown // builtins.mapAttrs (name: input: unknown name // input) known
