# Kept in Nix as it came from the installer; the underscore keeps import-tree from taking it for a flake module.
{ config, lib, ... }:
{
  _file = "modules/machines/nixos/pyrite/_disko.nix";

  boot.supportedFilesystems = [ "zfs" ];
  networking.hostId = builtins.substring 0 8 (builtins.hashString "sha256" config.networking.hostName);

  disko.devices = {
    disk.main = {
      type = "disk";
      device = lib.mkDefault "/dev/nvme0n1";
      content = {
        type = "gpt";
        partitions = {
          esp = {
            size = "1G";
            type = "EF00";
            content = {
              type = "filesystem";
              format = "vfat";
              mountpoint = "/boot";
            };
          };
          luks = {
            size = "100%";
            content = {
              type = "luks";
              name = "crypted";
              settings.crypttabExtraOpts = [ "fido2-device=auto" ];
              content = {
                type = "zfs";
                pool = "rpool";
              };
            };
          };
        };
      };
    };
    zpool.rpool = {
      type = "zpool";
      datasets.root = {
        type = "zfs_fs";
        mountpoint = "/";
      };
    };
  };
}
