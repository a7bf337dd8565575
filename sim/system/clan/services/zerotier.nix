# A mesh in which every member runs a daemon that knows who the controller and the moons are.
{ lib, ... }:
let
  interface.options = {
    allowedIps = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
    allowedIds = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
    stableEndpoints = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
  };
  member =
    role:
    { instanceName, settings, roles, ... }:
    let
      named = name: builtins.attrNames (roles.${name}.machines or { });
    in
    {
      nixosModule =
        { config, pkgs, ... }:
        {
          environment.systemPackages = [ pkgs.zerotierone ];
          environment.etc."zerotier/${instanceName}.json".text = builtins.toJSON (
            {
              controllers = named "controller";
              moons = named "moon";
              ${role} = settings;
            }
            # The controller admits its peers: it changes with them.
            // lib.optionalAttrs (role == "controller") { peers = named "peer"; }
          );
          systemd.services.zerotierone = {
            description = "ZeroTierOne";
            wantedBy = [ "multi-user.target" ];
            after = [ "network.target" ];
            restartTriggers = [ config.environment.etc."zerotier/${instanceName}.json".source ];
            serviceConfig.ExecStart = "${pkgs.zerotierone}/bin/zerotierone --config /etc/zerotier/${instanceName}.json";
            serviceConfig.Restart = "always";
          };
        };
    };
in
{
  _class = "clan.service";
  manifest.name = "clan-core/zerotier";
  roles = lib.genAttrs [ "controller" "moon" "peer" ] (role: {
    inherit interface;
    perInstance = member role;
  });
}
