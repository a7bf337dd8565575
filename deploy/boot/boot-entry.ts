/** One entry of a loader, whatever its kind. */
export interface BootEntry {
  /** How the loader calls it: a file's name (systemd-boot), positions as `0` or `1>3` (GRUB). */
  readonly id: string;
  readonly title: string;
  /** Path that the kernel starts, `/nix/store/…/init`. */
  readonly init: string | null;
  /** As the loader reads it: below the partition that the entry lies on, or `($drive1)/…`. */
  readonly linux: string | null;
  readonly initrds: readonly string[];
  /** `system`, or the name below system-profiles/; null: not told. */
  readonly profile: string | null;
  readonly generation: number | null;
}

/** `init=` of a kernel's command line; the kernel takes the last one. */
export function initOf(parameters: string): string | null {
  const words = parameters.split(/\s+/).filter((word) => word.startsWith("init="));
  return words.at(-1)?.slice("init=".length) || null;
}
