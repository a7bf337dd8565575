# Kernel stand-ins: `pkgs.linuxPackages` and its versions. What changes here asks for a reboot.
{ lib, builders, standIn }:
let
  kernel = version: rec {
    kernel =
      builders.runCommand "linux-${version}" { inherit version; } ''
        mkdir -p "$out"
        {
          echo "Linux kernel $version (simulated)"
          cat ${
            standIn {
              pname = "linux-image";
              inherit version;
              fillKiB = 1536;
              programs = [ ];
            }
          }/share/linux-image/content
        } > "$out/bzImage"
        mkdir -p "$out/lib/modules/$version"
      ''
      // { inherit version; };
    nvidiaPackages = lib.genAttrs [ "stable" "production" "beta" "latest" ] (_: standIn {
      pname = "nvidia-x11";
      version = "580.105.08";
      fillKiB = 1024;
      programs = [ "nvidia-smi" ];
    });
    zfs = standIn { pname = "zfs-kernel"; version = "2.3.5-${kernel.version}"; };
  };
  versions = {
    linuxPackages = "6.12.58";
    linuxPackages_6_6 = "6.6.116";
    linuxPackages_6_12 = "6.12.58";
    linuxPackages_6_17 = "6.17.8";
    linuxPackages_latest = "6.17.8";
    linuxPackages_zen = "6.17.7";
    linuxPackages_hardened = "6.12.57";
  };
in
builtins.mapAttrs (_: kernel) versions
// {
  linux = (kernel versions.linuxPackages).kernel;
  linuxPackagesFor = image: (kernel image.version) // { kernel = image; };
}
