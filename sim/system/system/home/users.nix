# `home-manager.*`: homes as a part of the machine. Each is a module evaluation of class homeManager.
{ config, lib, pkgs, machineClass, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.home-manager;
  home = types.submoduleWith {
    class = "homeManager";
    strict = false;
    roots = import ../roots.nix "homeManager";
    description = "home-manager configuration";
    specialArgs = {
      lib = lib // { hm = import ./lib.nix { inherit lib; }; };
      osConfig = config;
      modulesPath = toString ./.;
    } // cfg.extraSpecialArgs;
    modules = [
      ./options.nix
      (homePackages cfg.useGlobalPkgs)
    ] ++ cfg.sharedModules;
  };
  # Without `useGlobalPkgs` a home has a package set of its own, without the machine's overlays.
  homePackages = useGlobal: { config, ... }: {
    _file = "<home-manager/nixpkgs>";
    options.nixpkgs = mkOption { type = types.anything; default = { }; };
    config._module.args.pkgs =
      if useGlobal then
        pkgs
      else
        pkgs.withOverlays (config.nixpkgs.overlays or [ ]);
    config.home.username = lib.mkDefault config._module.args.name;
  };
  homeFolderOf =
    name:
    let
      stated = config.users.users.${name}.home or null;
    in
    if stated != null then
      stated
    else
      throw "home-manager.users.${name} has no user: `users.users.${name}.home' is missing";
  generations = builtins.mapAttrs (_: home: home.home.activationPackage) cfg.users;
  failed = lib.concatLists (
    lib.mapAttrsToList (
      name: home: map (check: check // { message = "${name} profile: ${check.message}"; }) home.assertions
    ) cfg.users
  );
  backup = lib.optionalString (cfg.backupFileExtension != null) "HOME_MANAGER_BACKUP_EXT=${cfg.backupFileExtension} ";
in
{
  _file = "<home-manager>";
  options.home-manager = {
    users = mkOption { type = types.attrsOf home; default = { }; };
    extraSpecialArgs = mkOption { type = types.attrs; default = { }; };
    sharedModules = mkOption { type = types.listOf types.raw; default = [ ]; };
    useGlobalPkgs = mkOption { type = types.bool; default = false; };
    useUserPackages = mkOption { type = types.bool; default = false; };
    backupFileExtension = mkOption { type = types.nullOr types.str; default = null; };
    verbose = mkOption { type = types.bool; default = false; };
  };
  config = {
    assertions = failed;
    home-manager.sharedModules = [
      (
        { config, ... }:
        {
          _file = "<home-manager>";
          config.home.homeDirectory = lib.mkDefault (homeFolderOf config.home.username);
        }
      )
    ];
  }
  // (
    if machineClass == "nixos" then
      {
        systemd.services = lib.mapAttrs' (
          name: generation:
          lib.nameValuePair "home-manager-${name}" {
            description = "Home Manager environment for ${name}";
            wantedBy = [ "multi-user.target" ];
            after = [ "nix-daemon.socket" ];
            stopIfChanged = false;
            serviceConfig = {
              User = name;
              Type = "oneshot";
              RemainAfterExit = true;
              TimeoutStartSec = "5m";
              SyslogIdentifier = "hm-activate-${name}";
              ExecStart = "/usr/bin/env ${backup}HOME=${homeFolderOf name} ${generation}/activate";
            };
          }
        ) generations;
      }
    else
      {
        # A Mac has its users before nix-darwin comes; a simulated one gets those that have a home.
        users.users = lib.genAttrs (builtins.attrNames cfg.users) (_: { });
        system.activationScripts.home-manager = {
          deps = [ "etc" "users" ];
          text = lib.concatLines (
            lib.mapAttrsToList (
              name: generation:
              let
                home = lib.escapeShellArg (homeFolderOf name);
              in
              ''
                echo "Activating home-manager configuration for ${name}"
                runuser -u ${lib.escapeShellArg name} -- env ${backup}HOME=${home} ${generation}/activate
              ''
            ) generations
          );
        };
      }
  );
}
