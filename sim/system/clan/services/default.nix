# Stand-ins for clan-core's services: modules of class clan.service with little, but real effect.
{ lib }:
let
  names = [
    "admin"
    "emergency-access"
    "importer"
    "sshd"
    "tor"
    "trusted-nix-caches"
    "users"
    "wifi"
    "zerotier"
  ];
in
lib.genAttrs names (name: ./. + "/${name}.nix")
