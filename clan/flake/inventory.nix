# From a flake's outputs to what it says of machines and services. Forces no machine's configuration.
# Source: clan-core d7c35d912 for the shapes; the older ones since 2025-03 are asked for by `or`.
modules:
{
  # Whether to look into what entries and registry import: a name that does not exist there fails the whole evaluation.
  imports,
  # Folder of flake.nix in the store.
  root,
}:
outputs:
let
  inherit (builtins)
    attrNames
    concatMap
    isAttrs
    isList
    listToAttrs
    mapAttrs
    ;
  # What modules take from inputs is not known; that they take it is no reason to fail.
  unknown = throw "not known without an evaluation";
  flake = import (root + "/flake.nix");
  inputs = mapAttrs (_: _: unknown) (flake.inputs or { } // builtins.functionArgs flake.outputs) // { inherit self; };
  self = outputs // { inherit inputs outputs; outPath = root; };
  inherit (modules { inherit inputs self; })
    attempt
    bodiesWithin
    definedImports
    definedValues
    definitionFiles
    entriesWithin
    homesOf
    plain
    setOf
    sourceFiles
    textOf
    unwrap
    ;

  placed =
    set: mapAttrs (name: _: let at = builtins.unsafeGetAttrPos name set; in if at == null then null else { inherit (at) file line; }) set;
  configurations = {
    nixos = placed (setOf (outputs.nixosConfigurations or { }));
    darwin = placed (setOf (outputs.darwinConfigurations or { }));
  };

  # flake-parts' `flake.modules`.
  namespaces = mapAttrs (_: entries: mapAttrs (_: describeEntry) (setOf entries)) (setOf (outputs.modules or { }));
  describeEntry = entry: {
    files = sourceFiles entry;
    imports = if imports then entriesWithin entry else [ ];
    homes = if imports then map homesOf (bodiesWithin entry) else [ ];
  };

  internals = outputs.clanInternals or { };
  class = internals.inventoryClass or { };
  raw = class.inventorySerialization or (class.inventory or (internals.inventory or null));
  clan = outputs.clan or { };

  member = _: stated: plain 30 (unwrap ((setOf stated).settings or { }));
  named = value: if isList value then listToAttrs (map (name: { inherit name; value = { }; }) value) else setOf value;
  role = _: stated: {
    machines = mapAttrs member (named (stated.machines or { }));
    tags = mapAttrs member (named (stated.tags or { }));
    # `config` before 2025-08 in `services`, `settings` in `instances`.
    settings = plain 30 (unwrap (stated.settings or (stated.config or { })));
  };
  instance = name: stated: {
    module = {
      name = stated.module.name or name;
      input = stated.module.input or null;
    };
    roles = mapAttrs role (stated.roles or { });
  };
  # `inventory.services.<service>.<instance>`, until 2026-05.
  legacy = builtins.concatLists (
    builtins.attrValues (
      mapAttrs (
        service: instances:
        map (name: {
          inherit name service;
          value = instance service instances.${name};
        }) (attrNames (setOf instances))
      ) (setOf (raw.services or { }))
    )
  );

  machine = name: stated: {
    class = stated.machineClass or "nixos";
    tags = stated.tags or [ ];
    description = stated.description or null;
    targetHost = stated.deploy.targetHost or null;
    buildHost = stated.deploy.buildHost or null;
  };

  # Files that define a part of the inventory. An interface of clan's own front ends: what it does not tell is not known.
  introspection = attempt { } (setOf (class.introspection or { }));
  filesOf =
    part:
    mapAttrs (_: about: attempt [ ] (map textOf (about.__this.files or [ ]))) (
      removeAttrs (attempt { } (setOf (introspection.${part} or { }))) [ "__this" ]
    );

  platformOf =
    module:
    let
      platform = attempt null (module.nixpkgs.hostPlatform or null);
    in
    if builtins.isString platform then [ platform ] else [ ];
  registered = _: module: {
    files = definitionFiles module;
    imports = if imports then definedImports module else [ ];
    hostPlatform = if imports then concatMap platformOf (definedValues module) else [ ];
  };
in
{
  inherit configurations namespaces;
  # null: the flake does not show its registry.
  registry =
    if isAttrs clan && clan ? machines then mapAttrs registered (setOf clan.machines) else null;
  clan =
    if raw == null then
      null
    else
      {
        name = raw.meta.name or null;
        machines = mapAttrs machine (raw.machines or { });
        instances = mapAttrs instance (raw.instances or { });
        inherit legacy;
        statedIn = {
          machines = filesOf "machines";
          instances = filesOf "instances";
        };
        tags = mapAttrs (_: names: if isList names then names else [ ]) (setOf (raw.tags or { }));
        directory = class.relativeDirectory or "";
        checks = map (check: { inherit (check) id message severity; }) (internals.cliChecks or [ ]);
        secretStore = internals.vars.settings.secretStore or null;
      };
  exports = isAttrs clan && clan ? exports;
}
