import { flakeModule } from "pulumi-clan/author";

/** Linux containers on a Mac. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        colima: ({ pkgs }) => ({
          environment: { systemPackages: [pkgs.colima, pkgs["docker-client"]] },
        }),
      },
    },
  },
});
