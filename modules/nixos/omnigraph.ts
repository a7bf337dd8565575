import { flakeModule } from "pulumi-clan/author";

/** The graph of who depends on whom, served as a page. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        omnigraph: ({ lib, pkgs }) => ({
          systemd: {
            services: {
              omnigraph: {
                description: "Graph of dependencies",
                wantedBy: ["multi-user.target"],
                serviceConfig: { ExecStart: lib.getExe(pkgs.omnigraph), Restart: "always" },
              },
            },
          },
        }),
      },
    },
  },
});
