import { flakeModule } from "pulumi-clan/author";

/** zsh, with a history that is shared. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        shell: {
          programs: {
            zsh: {
              enable: true,
              autosuggestion: { enable: true },
              history: { size: 100_000, share: true },
              shellAliases: { ll: "ls -l", gs: "git status" },
            },
          },
        },
      },
    },
  },
});
