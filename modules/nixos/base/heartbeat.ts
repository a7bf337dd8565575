import { flakeModule, nix } from "pulumi-clan/author";

/** A line in the journal every minute: silence is news. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: nix`
          { config, lib, pkgs, ... }:
          {
            systemd.services.heartbeat = {
              description = "Heartbeat of the fleet";
              wantedBy = [ "multi-user.target" ];
              serviceConfig = {
                ExecStart = "\${lib.getExe pkgs.heartbeat} \${config.networking.hostName} 60";
                Restart = "always";
              };
            };
          }
        `,
      },
    },
  },
});
