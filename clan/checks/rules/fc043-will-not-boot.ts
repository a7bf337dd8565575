import type { HostNature } from "../host-nature.ts";
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
  severities: ["error", "warning", "info"],
  evaluated: true,
  text: {
    finds:
      "A NixOS machine without boot loader or root file system; a Compute Engine node whose initial ramdisk has no driver for its disk (error); an EFI loader without a file system for its partition (info). Where hosts are asked: an EFI loader on a host that was started by BIOS, a root device that the host does not have (error); GRUB without EFI support on a host that was started by EFI, an initial ramdisk without the driver of the disk that the host runs from (warning). What the host boots by is compared once more before anything changes there.",
    silent: "Switching needs no loader, no ramdisk and no root device: all of them are used at the next boot.",
    fix: "Switch a loader on, state the file system, add the module.",
    example: "`boot.loader.grub.enable = false` and nothing in its place",
  },
  *check(context) {
    const { model, configurations, hosts } = context;
    const nodes = new Set(Object.keys(model.nodes));
    for (const [name, { class: machineClass }] of Object.entries(model.machines)) {
      const facts = configurations.get(name);
      if (machineClass !== "nixos" || facts === undefined || facts.container) continue;
      const reason = reasonOf(facts, nodes.has(name)) ?? reasonOnHost(facts, hosts.get(name));
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
const loadersOfEfi = ["systemd-boot", "lanzaboote"];
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
  const efi = loaders?.some((loader) => loadersOfEfi.includes(loader)) === true;
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

/** What the configuration alone does not tell. A container boots nothing by itself. */
function reasonOnHost(
  { loaders, grubForEfi, fileSystems, initrdModules }: MachineFacts,
  host: HostNature | undefined,
): Reason | undefined {
  if (host === undefined || host.container) return undefined;
  const efiLoader = loaders?.find((loader) => loadersOfEfi.includes(loader));
  if (host.firmware === "bios" && efiLoader !== undefined) {
    return {
      severity: "error",
      what: `boots by ${efiLoader}, which needs EFI, and its host was started by BIOS`,
      fix: "set boot.loader.grub.enable = true, or switch the machine's firmware to EFI",
      option: ["boot", "loader", efiLoader, "enable"],
    };
  }
  const root = fileSystems?.["/"]?.device ?? null;
  if (host.hasRootDevice === false && root !== null) {
    return {
      severity: "error",
      what: `takes ${root} for its root, which its host does not have`,
      fix: 'correct fileSystems."/".device',
      option: ["fileSystems", "/", "device"],
    };
  }
  if (host.firmware === "efi" && grubForEfi === false && efiLoader === undefined) {
    return {
      severity: "warning",
      what: "boots by GRUB without EFI support, and its host was started by EFI",
      fix: "set boot.loader.grub.efiSupport = true",
      option: ["boot", "loader", "grub", "enable"],
    };
  }
  const known = new Set(initrdModules?.map(moduleName));
  const lacking = initrdModules === null ? [] : host.rootDrivers.filter((driver) => !known.has(moduleName(driver)));
  if (lacking.length === 0) return undefined;
  return {
    severity: "warning",
    what: `runs from a disk of ${lacking.join(", ")}, which its initial ramdisk lacks`,
    fix: `add "${lacking[0]}" to boot.initrd.availableKernelModules`,
    option: ["boot", "initrd", "availableKernelModules"],
  };
}

/** The kernel takes both for one. Source: modprobe(8). */
function moduleName(module: string): string {
  return module.replaceAll("-", "_");
}
