{
  _file = "<nixos>";
  imports = [
    ./units
    ./tmpfiles.nix
    ./boot.nix
    ./disko.nix
    ./google-image.nix
    ./specialisation.nix
    ./nixos-toplevel.nix
  ];
}
