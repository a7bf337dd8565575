import { flakeModule } from "pulumi-clan/author";

/** Runs the forge's actions beside it. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "gitea-actions-runner": ({ config }) => ({
          services: {
            "gitea-actions-runner": {
              instances: {
                minerals: {
                  enable: true,
                  name: config.networking.hostName,
                  url: "http://localhost:3000",
                  tokenFile: "/run/secrets/gitea-runner-token",
                  labels: ["docker:docker://node:24-bookworm"],
                },
              },
            },
          },
        }),
      },
    },
  },
});
