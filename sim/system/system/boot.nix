# Kernel, initrd and loader: stand-ins whose change asks for a reboot and which the loader's stand-in copies.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.boot;
  option = type: default: mkOption { inherit type default; };
  wanted = if cfg.loader.grub.enable then "grub" else "systemd-boot";
  # What the loader's installer knows of the configuration, as assignments of the shell.
  loaderSettings = lib.concatLines (
    lib.mapAttrsToList (name: value: "${name}=${lib.escapeShellArg (toString value)}") {
      inherit wanted;
      limit = cfg.loader.${wanted}.configurationLimit;
      timeout = cfg.loader.timeout;
      esp = cfg.loader.efi.efiSysMountPoint;
      grub = "${../scripts/install-grub.sh}";
      systemd_boot = "${../scripts/install-systemd-boot.sh}";
    }
  );
in
{
  _file = "<boot>";
  options = {
    boot = {
      isContainer = option types.bool false;
      kernelPackages = option types.raw pkgs.linuxPackages;
      kernelParams = option (types.listOf types.str) [ ];
      kernelModules = option (types.listOf types.str) [ ];
      extraModulePackages = option (types.listOf types.package) [ ];
      supportedFilesystems = option types.anything { };
      initrd = option types.anything { };
      loader = {
        timeout = option (types.nullOr types.int) 5;
        systemd-boot.enable = option types.bool false;
        systemd-boot.configurationLimit = option (types.nullOr types.int) null;
        grub.enable = option types.bool false;
        grub.configurationLimit = option types.int 100;
        grub.device = option types.str "";
        grub.devices = option (types.listOf types.str) [ ];
        grub.efiSupport = option types.bool false;
        grub.efiInstallAsRemovable = option types.bool false;
        grub.zfsSupport = option types.bool false;
        efi.canTouchEfiVariables = option types.bool false;
        efi.efiSysMountPoint = option types.str "/boot";
      };
    };
    system.nixos.label = option types.str "26.05";
    system.nixos.version = option types.str "26.05.simulated";
    system.configurationName = option types.str "";
  };
  config = {
    boot.kernelParams = lib.mkAfter [ "loglevel=4" ];
    assertions = [
      {
        assertion = !(cfg.loader.grub.enable && cfg.loader.systemd-boot.enable);
        message = "You cannot enable both GRUB and systemd-boot.";
      }
    ];
    system.build = {
      kernel = cfg.kernelPackages.kernel;
      initialRamdisk =
        pkgs.runCommand "initrd-linux-${cfg.kernelPackages.kernel.version}"
          {
            settings = builtins.toJSON (cfg.initrd // { inherit (cfg) supportedFilesystems; });
            passAsFile = [ "settings" ];
          }
          ''
            mkdir -p "$out"
            {
              cat "$settingsPath"
              echo
              cat ${
                pkgs.simulatedPackage {
                  pname = "initrd-content";
                  version = cfg.kernelPackages.kernel.version;
                  fillKiB = 1024;
                  programs = [ ];
                }
              }/share/initrd-content/content
            } > "$out/initrd"
          '';
      installBootLoader = pkgs.writeScript "install-${wanted}.sh" (
        "#!/bin/sh\n"
        + loaderSettings
        + builtins.readFile ../scripts/profile-generations.sh
        + builtins.readFile ../scripts/install-boot-loader.sh
      );
    };
  };
}
