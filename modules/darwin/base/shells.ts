import { flakeModule } from "pulumi-clan/author";

/** zsh, with the environment that nix-darwin sets up. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: {
          programs: { zsh: { enable: true, enableCompletion: true } },
        },
      },
    },
  },
});
