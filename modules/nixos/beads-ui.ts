import { flakeModule } from "pulumi-clan/author";

/** A board over the fleet's issues. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "beads-ui": ({ lib, pkgs }) => ({
          systemd: {
            services: {
              "beads-ui": {
                description: "Issue board",
                wantedBy: ["multi-user.target"],
                serviceConfig: { ExecStart: lib.getExe(pkgs["beads-ui"]), Restart: "always" },
              },
            },
          },
        }),
      },
    },
  },
});
