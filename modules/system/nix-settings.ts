import { flakeModule } from "pulumi-clan/author";

/** Nix itself, the same on both classes: the bases import it. */
export default flakeModule({
  flake: {
    modules: {
      generic: {
        "nix-settings": {
          nix: {
            settings: {
              "experimental-features": ["nix-command", "flakes"],
              "trusted-users": ["root", "@wheel"],
              "max-jobs": "auto",
              "connect-timeout": 5,
            },
            gc: { automatic: true, options: "--delete-older-than 14d" },
          },
        },
      },
    },
  },
});
