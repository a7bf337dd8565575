# A module evaluator in Nix builtins: what nixpkgs' `lib.evalModules` does for a fleet's modules, without needing
# that every option is declared ("options by use", see ../README.md).
{ lib }:
let
  self = {
    inherit lib;
    display = import ./display.nix { inherit lib; };
    definitions = import ./definitions.nix self;
    collect = import ./collect.nix self;
    merge = import ./merge.nix self;
    options = import ./options.nix self;
    types = import ./types self;
    evalModules = import ./eval-modules.nix self;
  };
in
self.options.constructors
// {
  inherit (self) types evalModules;
  inherit (self.display) showOption showFiles;
  mkRenamedOptionModule = _: _: { };
  mkRemovedOptionModule = _: _: { };
  mkAliasOptionModule = _: _: { };
}
