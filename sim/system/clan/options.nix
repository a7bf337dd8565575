# `clan.*`: the part of clan-core's options that a fleet writes. Unknown names are errors, as they are there.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };
  open = types.anything;
  asSet = names: lib.genAttrs names (_: { });

  machine = types.submodule {
    options = {
      name = option (types.nullOr types.str) null;
      description = option (types.nullOr types.str) null;
      machineClass = option (types.enum [ "nixos" "darwin" ]) "nixos";
      tags = option (types.listOf types.str) [ ];
      icon = option (types.nullOr types.str) null;
      installedAt = option (types.nullOr types.int) null;
      deploy.targetHost = option (types.nullOr types.str) null;
      deploy.buildHost = option (types.nullOr types.str) null;
    };
  };
  member = types.submodule { options.settings = option types.deferredModule { }; };
  role = types.submodule {
    options = {
      machines = option (types.attrsOf member) { };
      # A list of names, or a set of them.
      tags = option (types.coercedTo (types.listOf types.str) asSet (types.attrsOf open)) { };
      settings = option types.deferredModule { };
      extraModules = option (types.listOf types.raw) [ ];
    };
  };
  instance = types.submodule {
    options = {
      module.name = option (types.nullOr types.str) null;
      module.input = option (types.nullOr types.str) null;
      roles = option (types.attrsOf role) { };
      resolvedModule = option types.raw null;
    };
  };
  meta = types.submodule {
    options = {
      name = option types.str "clan";
      description = option (types.nullOr types.str) null;
      icon = option (types.nullOr types.str) null;
      domain = option types.str "clan";
      tld = option types.str "clan";
    };
  };
in
{
  _file = "<clan-core/options>";
  options.clan = mkOption {
    default = { };
    type = types.submodule {
      options = {
        meta = option meta { };
        machines = option (types.lazyAttrsOf types.deferredModule) { };
        modules = option (types.lazyAttrsOf types.deferredModule) { };
        specialArgs = option (types.lazyAttrsOf types.raw) { };
        directory = option types.raw null;
        self = option types.raw null;
        secrets = option open { };
        vars = option open { };
        templates = option open { };
        pkgsForSystem = option types.raw null;
        exportsModule = option types.deferredModule { };
        inventory.meta = option open { };
        inventory.machines = option (types.attrsOf machine) { };
        inventory.tags = option open { };
        inventory.instances = option (types.attrsOf instance) { };
        inventory.services = option open { };
      };
    };
  };
}
