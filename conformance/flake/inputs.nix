# The inputs of an emitted flake by name: flake-parts, import-tree, clan-core and nixpkgs' lib are the real ones, from
# checkouts beside this file; what builds machines is lib.evalModules with the class; any other input has empty modules.
let
  lib = import ./nixpkgs-lib/lib;
  evaluate = class: { modules, specialArgs ? { }, ... }: lib.evalModules { inherit class modules specialArgs; };
  nixpkgs = {
    outPath = ./nixpkgs-lib;
    lib = lib // { nixosSystem = evaluate "nixos"; };
    legacyPackages = lib.genAttrs (import ./systems.nix) (system: { inherit lib system; });
  };
  nix-darwin.lib.darwinSystem = evaluate "darwin";
  flake-parts = (import ./flake-parts/flake.nix).outputs { nixpkgs-lib = nixpkgs; self = flake-parts; };
  other =
    name:
    let
      modules = lib.genAttrs [ "default" name "sops" "data-mesher" "apple-macbook-pro-14-1" ] (_: { key = "<input ${name}>"; });
    in
    {
      nixosModules = modules;
      darwinModules = modules;
      homeModules = modules;
      homeManagerModules = modules;
    };
  ofClan = {
    inherit nixpkgs nix-darwin flake-parts;
    systems = ./systems.nix;
    disko = other "disko";
    sops-nix = other "sops-nix";
    data-mesher = other "data-mesher";
    nix-select = { };
    treefmt-nix = { };
  };
  self = clan-core // { inputs = ofClan; outPath = ./clan-core; _type = "flake"; };
  clan-core = (import ./clan-core/flake.nix).outputs (ofClan // { inherit self; });
  real = { inherit nixpkgs nix-darwin flake-parts clan-core; };
in
name: if name == "import-tree" then import ./import-tree else removeAttrs (real.${name} or (other name)) [ "outPath" "inputs" ]
