# From registry, inventory and services to the modules that each machine gets from each role.
{ lib, clan }:
let
  inherit (clan) inventory;
  services = import ./services { inherit lib; };

  # Machines of the registry that the inventory does not name are nixos.
  defaults = {
    machineClass = "nixos";
    tags = [ ];
  };
  machines = builtins.mapAttrs (_: _: defaults) clan.machines // inventory.machines;
  names = builtins.attrNames machines;

  # Some tags are computed; `inventory.tags` may add or replace.
  byTag =
    let
      stated = builtins.zipAttrsWith (_: members: members) (
        map (name: lib.genAttrs machines.${name}.tags (_: name)) names
      );
      ofClass = class: builtins.filter (name: machines.${name}.machineClass == class) names;
      computed = {
        all = names;
        nixos = ofClass "nixos";
        darwin = ofClass "darwin";
      };
      added =
        if builtins.isFunction inventory.tags then
          inventory.tags { inherit machines; }
        else
          inventory.tags;
    in
    stated // computed // builtins.mapAttrs (_: lib.toList) added;

  membersOf =
    role:
    lib.unique (
      builtins.attrNames role.machines
      ++ builtins.concatMap (tag: byTag.${tag} or [ ]) (builtins.attrNames role.tags)
    );

  # instance → role → names of its machines
  members = builtins.mapAttrs (_: instance: builtins.mapAttrs (_: membersOf) instance.roles) inventory.instances;

  serviceOf =
    instanceName: instance:
    let
      name = if instance.module.name == null then instanceName else instance.module.name;
      inherit (instance.module) input;
      known = if input == "self" then clan.modules else services;
      source = if input == "self" then "this clan (`clan.modules')" else "clan-core";
    in
    if input != null && input != "self" && input != "clan-core" then
      throw "instance `${instanceName}' takes its service from the input `${input}', which has none here: known inputs are `self' and `clan-core'"
    else if known ? ${name} then
      evaluateService name known.${name}
    else
      throw "instance `${instanceName}' needs the service `${name}', which ${source} does not have. Available: ${toString (builtins.attrNames known)}";

  evaluateService =
    name: module:
    (lib.evalModules {
      class = "clan.service";
      prefix = [ "clan" "modules" name ];
      modules = [ ./service-options.nix module ];
      strict = true;
      specialArgs.clanLib = { };
    }).config;

  settingsOf =
    path: interface: given:
    removeAttrs (lib.evalModules {
      prefix = path;
      modules = [ interface ] ++ given;
    }).config [ "_module" ];

  # Settings of every member of every role, as `perInstance` sees them.
  rolesOf =
    instanceName: instance: service:
    builtins.mapAttrs (roleName: role: {
      machines = lib.genAttrs members.${instanceName}.${roleName} (
        name:
        {
          settings = settingsOf [ instanceName roleName name ] service.roles.${roleName}.interface (
            [ role.settings ] ++ lib.optional (role.machines ? ${name}) role.machines.${name}.settings
          );
        }
      );
      settings = settingsOf [ instanceName roleName ] service.roles.${roleName}.interface [ role.settings ];
    }) instance.roles;

  contributions =
    class: name: instanceName: instance:
    let
      service = serviceOf instanceName instance;
      roles = rolesOf instanceName instance service;
      mine = builtins.filter (role: builtins.elem name members.${instanceName}.${role}) (
        builtins.attrNames instance.roles
      );
      unknownRoles = builtins.filter (role: !(service.roles ? ${role})) (builtins.attrNames instance.roles);
      machine = {
        inherit name;
        roles = mine;
      };
      pick = result: [
        {
          _file = "<service ${instanceName}>";
          imports = [ (result."${class}Module" or { }) ];
        }
      ];
      ofRole =
        role:
        pick (service.roles.${role}.perInstance {
          inherit instanceName machine roles;
          inherit (roles.${role}.machines.${name}) settings;
          extendSettings = module: settingsOf [ instanceName role name ] service.roles.${role}.interface [
            instance.roles.${role}.settings
            module
          ];
          mkExports = _: { };
          inherit (clan) meta;
          exports = { };
        })
        ++ instance.roles.${role}.extraModules;
    in
    if unknownRoles != [ ] then
      throw "instance `${instanceName}' uses the role `${builtins.head unknownRoles}', which its service does not have. Available: ${toString (builtins.attrNames service.roles)}"
    else if mine == [ ] then
      [ ]
    else
      builtins.concatMap ofRole mine
      ++ pick (service.perMachine {
        inherit machine;
        instances.${instanceName} = { inherit roles; };
      });
in
{
  inherit byTag machines members;
  modulesOf =
    class: name: lib.concatLists (lib.mapAttrsToList (contributions class name) inventory.instances);
}
