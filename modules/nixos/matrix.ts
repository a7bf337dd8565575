import { flakeModule } from "pulumi-clan/author";

/** The chat. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        matrix: {
          services: {
            "matrix-synapse": {
              enable: true,
              settings: { server_name: "chat.zt", enable_registration: false, url_preview_enabled: false },
            },
          },
        },
      },
    },
  },
});
