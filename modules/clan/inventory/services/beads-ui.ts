import { flakeModule } from "pulumi-clan/author";

/** The issue board on a server, off: stibnite has its own (modules/darwin/beads-ui.ts). */
export default flakeModule(({ config }) => ({
  clan: {
    inventory: {
      instances: {
        "beads-ui": {
          module: { description: "a board over the fleet's issues", imports: [config.flake.modules.nixos["beads-ui"]] },
          roles: { default: { machines: {} } },
        },
      },
    },
  },
}));
