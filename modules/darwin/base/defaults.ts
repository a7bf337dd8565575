import { flakeModule } from "pulumi-clan/author";

/** How a Mac of the lab behaves. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: {
          system: {
            stateVersion: 6,
            defaults: {
              NSGlobalDomain: { AppleShowAllExtensions: true, KeyRepeat: 2 },
              dock: { autohide: true, "show-recents": false },
              finder: { FXPreferredViewStyle: "clmv" },
            },
          },
        },
      },
    },
  },
});
