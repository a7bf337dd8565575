import { flakeModule } from "pulumi-clan/author";

/** Touch ID for sudo, in tmux too. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: {
          security: { pam: { services: { sudo_local: { touchIdAuth: true, reattach: true } } } },
        },
      },
    },
  },
});
