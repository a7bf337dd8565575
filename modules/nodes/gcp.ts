import { flakeModule } from "pulumi-clan/author";

const common = {
  kind: "gcp",
  project: "minerals-lab",
  image: "debian-cloud/debian-12",
  diskSizeGb: 100,
  labels: { fleet: "minerals" },
  sshSources: ["203.0.113.0/24"],
};

/** The machines that run on Compute Engine. Switching one on or off is the stack's affair, not the fleet's. */
export default flakeModule({
  nodes: {
    galena: {
      ...common,
      machineType: "e2-standard-8",
      zones: ["us-central1-b"],
    },
    scheelite: {
      ...common,
      machineType: "n1-standard-8",
      zones: ["us-central1-f"],
      accelerators: [{ type: "nvidia-tesla-t4", count: 1 }],
      onHostMaintenance: "TERMINATE", // a VM with a GPU cannot move
    },
  },
});
