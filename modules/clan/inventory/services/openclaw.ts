import { flakeModule } from "pulumi-clan/author";

/** The second message agent, off: a machine named here gets it again. */
export default flakeModule(({ config }) => ({
  clan: {
    inventory: {
      instances: {
        openclaw: {
          module: {
            description: "the message agent before hermes-agent",
            imports: [config.flake.modules.nixos.openclaw],
          },
          roles: { default: { machines: {} } },
        },
      },
    },
  },
}));
