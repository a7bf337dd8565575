import type { StorePath } from "../../local-nix/store-path.ts";

/** What there is to say of one machine's system. */
export interface StandInSystem {
  /** On which its sshd listens. */
  readonly port: number;
  /** A valid path of the operator's store that it refers to. Absent: none. */
  readonly closure?: StorePath;
}

/**
 * The inputs of a synthetic fleet's flake. Its systems are one small derivation each, with what the checks want to know of a
 * configuration: evaluating one takes Nix a few milliseconds, where a real NixOS takes seconds, so that what is measured is
 * this project and not nixpkgs.
 */
export function standInFlakes(systems: Readonly<Record<string, StandInSystem>>): ReadonlyMap<string, string> {
  const empty = "{ outputs = _: { }; }\n";
  return new Map([
    ["inputs/nixpkgs/flake.nix", empty],
    ["inputs/import-tree/flake.nix", "{ outputs = _: { __functor = _: folder: { }; }; }\n"],
    ["inputs/clan-core/flake.nix", "{ outputs = _: { flakeModules.default = { }; }; }\n"],
    ["inputs/flake-parts/flake.nix", flakeParts],
    ["inputs/flake-parts/system.nix", system],
    ["inputs/flake-parts/machines.json", JSON.stringify(systems)],
  ]);
}

const flakeParts = `{
  outputs = _: {
    flakeModules.modules = { };
    lib.mkFlake = _: _: {
      nixosConfigurations = builtins.mapAttrs (import ./system.nix) (
        builtins.fromJSON (builtins.readFile ./machines.json)
      );
    };
  };
}
`;

// Of a text Nix forgets that it is a path: the context says so, and makes it a part of the build.
const system = `name:
{ port, closure ? null }:
let
  refersTo =
    if closure == null then "" else builtins.appendContext closure { \${closure}.path = true; };
  config = {
    networking = {
      hostName = name;
      firewall.allowedTCPPorts = [ port ];
    };
    nixpkgs.hostPlatform = "x86_64-linux";
    services.openssh = {
      enable = true;
      ports = [ port ];
      settings.PermitRootLogin = "prohibit-password";
      settings.PasswordAuthentication = false;
      authorizedKeysFiles = [ "/etc/ssh/authorized_keys.d/%u" ];
    };
    users.users.root = {
      uid = 0;
      openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA" ];
    };
    boot.loader.systemd-boot.enable = true;
    fileSystems."/" = {
      device = "/dev/disk/by-label/root";
      fsType = "ext4";
    };
    system.stateVersion = "25.05";
    system.build.toplevel = derivation {
      name = "nixos-system-\${name}-25.05";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo \${name} \${refersTo} > $out" ];
    };
  };
in
{
  inherit config;
  options = { };
  pkgs.stdenv.hostPlatform.system = "x86_64-linux";
}
`;
