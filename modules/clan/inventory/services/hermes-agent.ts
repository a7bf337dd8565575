import { flakeModule } from "pulumi-clan/author";

/** The message agent: a service of our own that only NixOS machines can have. */
export default flakeModule(({ config }) => ({
  clan: {
    inventory: {
      instances: {
        "hermes-agent": {
          module: {
            description: "carries messages between the forge and the chat",
            imports: [config.flake.modules.nixos["hermes-agent"]],
          },
          roles: { default: { machines: { cinnabar: {} } } },
        },
      },
    },
  },
}));
