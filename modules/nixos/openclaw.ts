import { flakeModule } from "pulumi-clan/author";

/** The message agent before hermes-agent. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        openclaw: ({ lib, pkgs }) => ({
          systemd: {
            services: {
              openclaw: {
                description: "Message agent (previous)",
                wantedBy: ["multi-user.target"],
                serviceConfig: { ExecStart: lib.getExe(pkgs.openclaw), Restart: "always" },
              },
            },
          },
        }),
      },
    },
  },
});
