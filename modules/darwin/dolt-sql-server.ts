import { flakeModule, nix } from "pulumi-clan/author";

/** A versioned database for the board, as on the server. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "dolt-sql-server": ({ pkgs }) => ({
          environment: { systemPackages: [pkgs.dolt] },
          launchd: {
            daemons: {
              "dolt-sql-server": {
                serviceConfig: {
                  ProgramArguments: [nix`"\${pkgs.dolt}/bin/dolt"`, "sql-server", "--host", "127.0.0.1"],
                  WorkingDirectory: "/var/lib/dolt",
                  KeepAlive: true,
                },
              },
            },
          },
        }),
      },
    },
  },
});
