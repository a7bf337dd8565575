import { flakeModule } from "pulumi-clan/author";

/** The board over the fleet's issues, for whoever sits before it. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "beads-ui": ({ lib, pkgs }) => ({
          launchd: {
            user: {
              agents: {
                "beads-ui": {
                  command: lib.getExe(pkgs["beads-ui"]),
                  serviceConfig: { KeepAlive: true, RunAtLoad: true },
                },
              },
            },
          },
        }),
      },
    },
  },
});
