import { flakeModule } from "pulumi-clan/author";

/** The same tools at hand as on the servers. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: ({ pkgs }) => ({
          environment: {
            systemPackages: [pkgs.git, pkgs.htop, pkgs.jq, pkgs.ripgrep, pkgs.tmux],
            etc: { "fleet/name": { text: "minerals\n" } },
          },
        }),
      },
    },
  },
});
