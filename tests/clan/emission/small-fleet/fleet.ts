import { defineFleet, importTree } from "pulumi-clan/author";

export default defineFleet({
  name: "small",
  description: "one of each kind of body",
  systems: ["x86_64-linux", "aarch64-darwin"],
  imports: [importTree("modules")],
  nixConfig: { "extra-substituters": ["https://cache.example.org"] },
  inputs: {
    nixpkgs: { url: "github:NixOS/nixpkgs/nixos-unstable" },
    "flake-parts": { url: "github:hercules-ci/flake-parts", follows: { "nixpkgs-lib": "nixpkgs" } },
    "import-tree": { url: "github:vic/import-tree" },
    "clan-core": { url: "https://git.clan.lol/clan/clan-core/archive/main.tar.gz", follows: { nixpkgs: "nixpkgs" } },
    "nix-darwin": { url: "github:nix-darwin/nix-darwin", follows: { nixpkgs: "nixpkgs" } },
    "home-manager": { url: "github:nix-community/home-manager" },
    dotfiles: { url: "github:cameronraysmith/dotfiles", flake: false },
  },
});
