import { flakeModule } from "pulumi-clan/author";

/** Sessions that outlive a connection. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        terminal: {
          programs: { tmux: { enable: true, clock24: true, historyLimit: 50_000, mouse: true } },
        },
      },
    },
  },
});
