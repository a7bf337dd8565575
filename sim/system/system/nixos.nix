{
  _file = "<nixos>";
  imports = [
    ./units
    ./tmpfiles.nix
    ./boot.nix
    ./specialisation.nix
    ./nixos-toplevel.nix
  ];
}
