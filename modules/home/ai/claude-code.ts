import { flakeModule } from "pulumi-clan/author";

/** An assistant in the terminal, on any platform. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        ai: ({ pkgs }) => ({
          home: { packages: [pkgs["claude-code"]] },
        }),
      },
    },
  },
});
