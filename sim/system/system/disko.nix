# The script that wipes a machine's disks: a stand-in of disko's.
{ config, pkgs, ... }:
let
  disks = builtins.attrValues ((config.disko.devices or { }).disk or { });
in
{
  _file = "<disko>";
  config.system.build.diskoScript = pkgs.writeScript "disko" (
    builtins.replaceStrings [ "@devices@" ] [ (toString (map (disk: disk.device) disks)) ] (
      builtins.readFile ../scripts/disko.sh
    )
  );
}
