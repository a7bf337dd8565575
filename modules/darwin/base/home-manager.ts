import { flakeModule } from "pulumi-clan/author";

/** Homes are part of the system, as on NixOS. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: ({ inputs }) => ({
          imports: [inputs["home-manager"].darwinModules["home-manager"]],
          "home-manager": {
            useGlobalPkgs: true,
            useUserPackages: true,
            backupFileExtension: "before-home-manager",
            extraSpecialArgs: { inputs },
          },
        }),
      },
    },
  },
});
