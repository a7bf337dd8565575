import { flakeModule } from "pulumi-clan/author";

/** What Compute Engine expects of a guest. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "machines/nixos/scheelite": {
          boot: {
            kernelParams: ["console=ttyS0,38400n8"],
            initrd: { availableKernelModules: ["virtio_scsi", "nvme"] },
          },
        },
      },
    },
  },
});
