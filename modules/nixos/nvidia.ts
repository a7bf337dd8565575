import { flakeModule } from "pulumi-clan/author";

/** One T4 for models. `datacenter.enable` stays off: NixOS issue 454772. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        nvidia: ({ config, pkgs }) => ({
          services: { xserver: { videoDrivers: ["nvidia"] } },
          hardware: {
            graphics: { enable: true },
            nvidia: {
              open: true,
              nvidiaPersistenced: true,
              package: config.boot.kernelPackages.nvidiaPackages.production,
            },
          },
          environment: { systemPackages: [pkgs.nvtop] },
        }),
      },
    },
  },
});
