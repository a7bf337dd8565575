import { flakeModule } from "pulumi-clan/author";

/** Linux builds go to magnetite. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "magnetite-builder": {
          nix: {
            distributedBuilds: true,
            buildMachines: [
              {
                hostName: "magnetite.zt",
                systems: ["x86_64-linux", "aarch64-linux"],
                sshUser: "crs58",
                maxJobs: 8,
                supportedFeatures: ["big-parallel", "kvm"],
              },
            ],
          },
        },
      },
    },
  },
});
