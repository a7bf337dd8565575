import type { MachineFacts } from "../machine-facts.ts";
import { placeOf } from "../option-place.ts";
import type { Rule, Severity } from "../rule.ts";

interface Reason {
  readonly severity: Severity;
  readonly what: string;
  readonly fix: string;
  readonly option: readonly string[];
}

/** The machine runs until its next boot. */
export const willNotBoot: Rule = {
  id: "FC043",
  title: "a system that will not boot on its machine",
  severities: ["error", "info"],
  evaluated: true,
  text: {
    finds:
      "A NixOS machine without boot loader or root file system; a Compute Engine node whose initial ramdisk has no driver for its disk (error); an EFI loader without a file system for its partition (info). Loader against firmware is compared with the host itself before anything changes there.",
    silent: "Switching needs no loader, no ramdisk and no root device: all of them are used at the next boot.",
    fix: "Switch a loader on, state the file system, add the module.",
    example: "`boot.loader.grub.enable = false` and nothing in its place",
  },
  *check(context) {
    const { model, configurations } = context;
    const nodes = new Set(Object.keys(model.nodes));
    for (const [name, { class: machineClass }] of Object.entries(model.machines)) {
      const facts = configurations.get(name);
      if (machineClass !== "nixos" || facts === undefined || facts.container) continue;
      const reason = reasonOf(facts, nodes.has(name));
      if (reason === undefined) continue;
      yield {
        severity: reason.severity,
        subject: { kind: "machine", name },
        message: `${name} ${reason.what}`,
        at: placeOf(context, name, reason.option),
        suggestion: reason.fix,
      };
    }
  },
};

/** Disks of Compute Engine. Source: its documentation of persistent disks: SCSI or NVMe. */
const nodeDrivers = ["virtio_scsi", "nvme"];
const partitionsOfEfi = ["/boot", "/boot/efi", "/efi"];

function reasonOf(
  { loaders, fileSystems, initrdModules, definedIn }: MachineFacts,
  onNode: boolean,
): Reason | undefined {
  if (loaders?.length === 0) {
    const [option = "boot.loader"] = Object.keys(definedIn).filter((name) => name.startsWith("boot.loader."));
    const fix = "switch one on below boot.loader";
    return { severity: "error", what: "has no boot loader", fix, option: option.split(".") };
  }
  if (fileSystems !== null && Object.keys(fileSystems).length > 0 && fileSystems["/"] === undefined) {
    const fix = 'state fileSystems."/"';
    return { severity: "error", what: "states no root file system", fix, option: ["fileSystems"] };
  }
  if (onNode && initrdModules !== null && !nodeDrivers.some((driver) => initrdModules.includes(driver))) {
    return {
      severity: "error",
      what: `runs on Compute Engine, but its initial ramdisk has none of ${nodeDrivers.join(", ")}`,
      fix: 'add "virtio_scsi" to boot.initrd.availableKernelModules',
      option: ["boot", "initrd", "availableKernelModules"],
    };
  }
  const efi = loaders?.some((loader) => loader === "systemd-boot" || loader === "lanzaboote") === true;
  if (efi && fileSystems !== null && !partitionsOfEfi.some((mount) => fileSystems[mount] !== undefined)) {
    return {
      // The loader's installation refuses such a partition, so this one is heard in time.
      severity: "info",
      what: "has an EFI loader, but no file system for its partition",
      fix: 'state fileSystems."/boot"',
      option: ["fileSystems"],
    };
  }
  return undefined;
}
