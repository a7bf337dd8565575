import { flakeLib } from "../../composition/lib/flake-lib.ts";

const { mkOption, types } = flakeLib;

const accelerator = types.submodule({
  options: {
    type: mkOption({ type: types.str, description: "e.g. `nvidia-tesla-t4`." }),
    count: mkOption({ type: types.int, default: 1 }),
  },
});

const node = types.submodule({
  options: {
    kind: mkOption({ type: types.enum(["gcp"]), description: "Which cloud." }),
    project: mkOption({ type: types.str, description: "Google's project id." }),
    machineType: mkOption({ type: types.str, description: "e.g. `e2-standard-8`. A change restarts the VM." }),
    zones: mkOption({ type: types.listOf(types.str), description: "Candidates, the preferred one first." }),
    accelerators: mkOption({ type: types.listOf(accelerator), default: [] }),
    diskSizeGb: mkOption({ type: types.int, default: 100, description: "Boot disk." }),
    image: mkOption({ type: types.str, default: "debian-cloud/debian-12", description: "What it boots at first." }),
    onHostMaintenance: mkOption({ type: types.enum(["MIGRATE", "TERMINATE"]), default: "MIGRATE" }),
    labels: mkOption({ type: types.attrsOf(types.str), default: {} }),
    sshSources: mkOption({
      type: types.listOf(types.str),
      default: [],
      description: "Ranges from which port 22 is open. Default: none.",
    }),
  },
});

/** Cloud nodes under machines. They are provisioned by the program and never part of the emitted flake. */
export const nodeOptions = mkOption({ type: types.attrsOf(node), default: {}, description: "Cloud nodes by machine." });
