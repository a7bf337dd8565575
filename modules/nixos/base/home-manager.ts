import { flakeModule } from "pulumi-clan/author";

/** Homes are part of the system: one package set, one activation, the same inputs. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: ({ inputs }) => ({
          imports: [inputs["home-manager"].nixosModules["home-manager"]],
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
