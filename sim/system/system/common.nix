# What NixOS and nix-darwin have in common.
{
  _file = "<system>";
  imports = [
    ./nixpkgs.nix
    ./checks.nix
    ./etc.nix
    ./packages.nix
    ./users.nix
    ./ssh.nix
    ./services.nix
    ./activation.nix
  ];
}
