import { flakeModule } from "pulumi-clan/author";

/** What one wants on a host at three in the morning. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
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
