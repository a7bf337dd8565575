{
  _file = "<nixos>";
  imports = [
    ./units
    ./tmpfiles.nix
    ./boot.nix
    ./disko.nix
    ./specialisation.nix
    ./nixos-toplevel.nix
  ];
}
