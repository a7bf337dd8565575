# `clanInternals`: what clan's own tools read of a flake, as JSON can hold it.
# Source: clan-core d7c35d912, modules/clan/module.nix and modules/inventoryClass.
{ lib, clan, resolution }:
let
  inherit (clan) inventory;
  tagsOf = name: builtins.filter (tag: builtins.elem name resolution.byTag.${tag}) (builtins.attrNames resolution.byTag);
  machine = name: stated: {
    name = if stated.name or null == null then name else stated.name;
    description = stated.description or null;
    icon = stated.icon or null;
    installedAt = stated.installedAt or null;
    inherit (stated) machineClass;
    tags = lib.unique (stated.tags ++ tagsOf name);
    deploy = {
      targetHost = stated.deploy.targetHost or null;
      buildHost = stated.deploy.buildHost or null;
      forwardAgent = null;
    };
  };
  # A tag says nothing of its own: `tags.all = { }`.
  role = stated: {
    inherit (stated) settings;
    machines = builtins.mapAttrs (_: member: { inherit (member) settings; }) stated.machines;
    tags = builtins.mapAttrs (_: _: { settings.imports = [ ]; }) stated.tags;
  };
  instance = name: stated: {
    module = {
      name = if stated.module.name == null then name else stated.module.name;
      inherit (stated.module) input;
    };
    roles = builtins.mapAttrs (_: role) stated.roles;
  };
in
{
  inventoryClass = {
    inventorySerialization = {
      meta = inventory.meta // clan.meta;
      machines = builtins.mapAttrs machine resolution.machines;
      instances = builtins.mapAttrs instance inventory.instances;
      tags = { inherit (resolution.byTag) all nixos darwin; };
    };
    relativeDirectory = "";
  };
  cliChecks = [ ];
  vars.settings.secretStore = "sops";
}
