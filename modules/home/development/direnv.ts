import { flakeModule } from "pulumi-clan/author";

/** A shell per project. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        development: {
          programs: { direnv: { enable: true, "nix-direnv": { enable: true } } },
        },
      },
    },
  },
});
