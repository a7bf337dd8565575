# The systems that simulated hosts run before their first deployment: nothing but a loader and the host's own services.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs";
  inputs.nix-darwin.url = "github:nix-darwin/nix-darwin";
  outputs =
    inputs:
    let
      nixos =
        loader:
        inputs.nixpkgs.lib.nixosSystem {
          modules = [
            { nixpkgs.hostPlatform = "x86_64-linux"; }
            loader
          ];
        };
    in
    {
      nixosConfigurations.systemd-boot = nixos { boot.loader.systemd-boot.enable = true; };
      nixosConfigurations.grub = nixos { boot.loader.grub.enable = true; };
      darwinConfigurations.launchd = inputs.nix-darwin.lib.darwinSystem {
        modules = [ { nixpkgs.hostPlatform = "aarch64-darwin"; } ];
      };
    };
}
