import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: ({ lib }) => ({
          boot: {
            loader: {
              "systemd-boot": { enable: lib.mkDefault(true), configurationLimit: 10 },
              efi: { canTouchEfiVariables: lib.mkDefault(true) },
            },
            tmp: { cleanOnBoot: true },
          },
        }),
      },
    },
  },
});
