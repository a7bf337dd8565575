import { flakeModule, nix } from "pulumi-clan/author";

/** A versioned database for the boards. The Macs have the same (darwin/dolt-sql-server.ts). */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "dolt-sql-server": nix`
  { pkgs, ... }:
  {
    environment.systemPackages = [ pkgs.dolt ];
    environment.etc."dolt/config.yaml".text = ''
      listener:
        host: 127.0.0.1
        port: 3306
    '';
    systemd.services.dolt-sql-server = {
      description = "Dolt SQL server";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      serviceConfig = {
        ExecStart = "\${pkgs.dolt}/bin/dolt sql-server --config /etc/dolt/config.yaml";
        StateDirectory = "dolt";
        WorkingDirectory = "/var/lib/dolt";
        Restart = "on-failure";
      };
    };
  }
`,
      },
    },
  },
});
