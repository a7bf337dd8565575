import { flakeModule } from "pulumi-clan/author";

/** Hetzner's older machines start by BIOS. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "machines/nixos/cinnabar": ({ lib }) => ({
          boot: {
            loader: { "systemd-boot": { enable: false }, grub: { enable: true, device: lib.mkForce("nodev") } },
          },
        }),
      },
    },
  },
});
