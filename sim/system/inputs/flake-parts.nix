# flake-parts: `mkFlake`, and the namespaces `flake.modules`.
{ lib }:
let
  # Names that a flake module may define without having declared them.
  base = {
    _file = "<flake-parts>";
    options = {
      systems = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        default = [ ];
      };
      # Outputs of the flake, and what modules below put there; all names are open.
      flake.overlays = lib.mkOption {
        type = lib.types.lazyAttrsOf (lib.types.uniq lib.types.raw);
        default = { };
      };
      flake.nixosConfigurations = lib.mkOption {
        type = lib.types.lazyAttrsOf lib.types.raw;
        default = { };
      };
      flake.darwinConfigurations = lib.mkOption {
        type = lib.types.lazyAttrsOf lib.types.raw;
        default = { };
      };
      perSystem = lib.mkOption {
        type = lib.types.deferredModule;
        default = { };
      };
      debug = lib.mkOption {
        type = lib.types.bool;
        default = false;
      };
    };
  };

  # `flake.modules.<class>.<entry>`: modules merged without being evaluated, stamped with their class and origin.
  # Class "generic" is unstamped and fits everywhere.
  modules = { self, ... }: {
    _file = "<flake-parts/modules>";
    key = "<flake-parts/modules>";
    options.flake.modules = lib.mkOption {
      type = lib.types.lazyAttrsOf (lib.types.lazyAttrsOf lib.types.deferredModule);
      default = { };
      apply = builtins.mapAttrs (class: builtins.mapAttrs (stamp self class));
    };
  };
  stamp =
    self: class: entry: merged:
    if class == "generic" then
      merged
    else
      { ... }: {
        _class = class;
        _file = "${self}#modules.${class}.${lib.showOption [ entry ]}";
        imports = [ merged ];
      };

  mkFlake =
    { inputs, specialArgs ? { } }:
    module:
    let
      evaluation = lib.evalModules {
        class = "flake";
        roots = [ "perInput" "transposition" "partitions" ];
        modules = [ base module ];
        specialArgs = {
          inherit inputs;
          inherit (inputs) self;
          flake-parts-lib = { };
          withSystem = system: function: function { inherit system; inputs' = { }; self' = { }; };
          moduleWithSystem = module: module;
        } // specialArgs;
      };
    in
    evaluation.config.flake;
in
{
  lib = {
    inherit mkFlake;
  };
  flakeModules = {
    inherit modules;
    easyOverlay = { };
    partitions = { };
  };
}
