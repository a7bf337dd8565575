import { flakeModule, nix } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: nix`
          { pkgs, ... }:
          {
            environment.systemPackages = [ pkgs.greeting ];
          }
        `,
      },
    },
  },
});
