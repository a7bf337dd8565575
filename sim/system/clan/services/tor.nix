# Server: an onion service for sshd. Client: the daemon alone.
{ lib, ... }:
let
  daemon = role: _: {
    nixosModule =
      { config, pkgs, ... }:
      {
        environment.systemPackages = [ pkgs.tor ];
        environment.etc."tor/torrc".text =
          if role == "server" then "HiddenServicePort 22\n" else "ClientUseIPv6 1\n";
        systemd.services.tor = {
          description = "Anonymizing overlay network";
          wantedBy = [ "multi-user.target" ];
          restartTriggers = [ config.environment.etc."tor/torrc".source ];
          serviceConfig.ExecStart = "${pkgs.tor}/bin/tor --config /etc/tor/torrc";
          reload = "true";
        };
      };
  };
in
{
  _class = "clan.service";
  manifest.name = "clan-core/tor";
  roles.server = {
    interface.options.secretHostname = lib.mkOption { type = lib.types.bool; default = true; };
    interface.options.portMapping = lib.mkOption { type = lib.types.listOf lib.types.anything; default = [ ]; };
    perInstance = daemon "server";
  };
  roles.client.perInstance = daemon "client";
}
