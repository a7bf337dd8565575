import { flakeModule, nix } from "pulumi-clan/author";

/** Secrets of users: sops files kept by hand, opened with the user's age key. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        "base-sops": nix`
          { config, inputs, ... }:
          {
            imports = [ inputs.sops-nix.homeManagerModules.sops ];
            sops.age.keyFile = "\${config.home.homeDirectory}/.config/sops/age/keys.txt";
          }
        `,
      },
    },
  },
});
