import { flakeModule } from "pulumi-clan/author";

/** One T4 for models. `hardware.nvidia.datacenter` stays off: NixOS issue 454772. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        nvidia: ({ pkgs }) => ({
          services: { xserver: { videoDrivers: ["nvidia"] } },
          hardware: { graphics: { enable: true }, nvidia: { open: true, nvidiaPersistenced: true } },
          environment: { systemPackages: [pkgs.pciutils] },
        }),
      },
    },
  },
});
