/** What a machine's host said of itself, as far as a system must fit it. Somebody else asks it (stack/read-hardware.ts). */
export interface HostNature {
  /** Nix' name of the platform, `x86_64-linux`. */
  readonly system: string;
  /** A container has neither firmware nor disks of its own. */
  readonly container: boolean;
  readonly firmware: "efi" | "bios" | null;
  /** Kernel modules, not built in, by which it reaches the disks of its root. */
  readonly rootDrivers: readonly string[];
  /** The root device that the machine's configuration states is there; null: it states none. */
  readonly hasRootDevice: boolean | null;
  /** NixOS releases that it has run, as far as its generations go, the oldest first, e.g. `25.05`. */
  readonly releases: readonly string[];
}
