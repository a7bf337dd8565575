import { flakeModule } from "pulumi-clan/author";

/** Looking at networks. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        packages: ({ pkgs }) => ({
          home: { packages: [pkgs.curl, pkgs.dnsutils, pkgs.nmap] },
        }),
      },
    },
  },
});
