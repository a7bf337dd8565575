import { flakeModule } from "pulumi-clan/author";

/** The forge. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        gitea: {
          services: {
            gitea: {
              enable: true,
              appName: "Minerals",
              settings: {
                server: { DOMAIN: "git.zt", ROOT_URL: "https://git.zt/", HTTP_PORT: 3000 },
                service: { DISABLE_REGISTRATION: true },
              },
            },
          },
        },
      },
    },
  },
});
