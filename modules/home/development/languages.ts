import { flakeModule } from "pulumi-clan/author";

/** What the lab writes in. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        development: ({ pkgs }) => ({
          home: { packages: [pkgs.nodejs, pkgs.python3, pkgs.uv, pkgs.nixfmt] },
        }),
      },
    },
  },
});
