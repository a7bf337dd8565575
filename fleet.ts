import { defineFleet, importTree } from "pulumi-clan/author";

/** The fleet's root: everything else is found under modules/. Its twin for Nix is flake.nix, which `fleet emit` writes. */
export default defineFleet({
  name: "minerals",
  description: "ten machines, composed of deferred modules and orchestrated with clan",
  systems: ["x86_64-linux", "aarch64-linux", "aarch64-darwin"],
  imports: [importTree("modules")],
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs/nixos-unstable" },
    "flake-parts": { url: "github:hercules-ci/flake-parts", follows: { "nixpkgs-lib": "nixpkgs" } },
    "import-tree": { url: "github:vic/import-tree" },
    "clan-core": {
      url: "https://git.clan.lol/clan/clan-core/archive/main.tar.gz",
      follows: {
        nixpkgs: "nixpkgs",
        "flake-parts": "flake-parts",
        "nix-darwin": "nix-darwin",
        "sops-nix": "sops-nix",
      },
    },
    "nix-darwin": { url: "github:nix-darwin/nix-darwin", follows: { nixpkgs: "nixpkgs" } },
    "home-manager": { url: "github:nix-community/home-manager", follows: { nixpkgs: "nixpkgs" } },
    "sops-nix": { url: "github:Mic92/sops-nix", follows: { nixpkgs: "nixpkgs" } },
    "nixos-hardware": { url: "github:NixOS/nixos-hardware" },
  },
});
