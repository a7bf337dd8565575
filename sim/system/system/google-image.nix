# The image for Google's cloud: an archive with a disk, as nixpkgs' google-compute-image.nix makes it. The disk names the
# system; the simulated cloud does not boot from it.
{ config, pkgs, ... }:
{
  _file = "<google-compute-image>";
  config.system.build.googleComputeImage =
    pkgs.runCommand "google-compute-image" { toplevel = config.system.build.toplevel; }
      ''
        mkdir -p "$out"
        printf '%s\n' "$toplevel" > disk.raw
        tar -czf "$out/nixos-image-google-compute-x86_64-linux.raw.tar.gz" disk.raw
      '';
}
