import { flakeModule } from "pulumi-clan/author";

/** Carries messages between the forge and the chat. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "hermes-agent": ({ lib, pkgs }) => ({
          systemd: {
            services: {
              "hermes-agent": {
                description: "Message agent",
                wantedBy: ["multi-user.target"],
                serviceConfig: { ExecStart: lib.getExe(pkgs["hermes-agent"]), Restart: "always" },
              },
            },
          },
        }),
      },
    },
  },
});
