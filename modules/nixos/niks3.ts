import { flakeModule, nix } from "pulumi-clan/author";

/** A binary cache in front of object storage. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        niks3: nix`
          { lib, pkgs, ... }:
          let
            settings = (pkgs.formats.toml { }).generate "niks3.toml" {
              listen = "127.0.0.1:5751";
              bucket = "minerals-cache";
            };
          in
          {
            systemd.services.niks3 = {
              description = "Nix binary cache";
              wantedBy = [ "multi-user.target" ];
              serviceConfig = {
                ExecStart = "\${lib.getExe pkgs.niks3} --config \${settings}";
                Restart = "on-failure";
              };
            };
          }
        `,
      },
    },
  },
});
