import { flakeModule } from "pulumi-clan/author";

/** Finding and reading files. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        packages: ({ pkgs }) => ({
          home: { packages: [pkgs.bat, pkgs.fd, pkgs.ripgrep, pkgs.tree] },
        }),
      },
    },
  },
});
