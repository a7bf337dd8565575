import { flakeModule, nix } from "pulumi-clan/author";

/** nix-darwin makes no accounts, but home-manager must know where the homes are. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: nix`
          { config, lib, ... }:
          {
            users.users = lib.mapAttrs (name: _: { home = "/Users/\${name}"; }) config.home-manager.users;
          }
        `,
      },
    },
  },
});
