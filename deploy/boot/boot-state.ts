import type { StorePath } from "../../local-nix/store-path.ts";

export type LoaderKind = "systemd-boot" | "grub" | "extlinux" | "none";

/** What decides about a reboot, of one system. Null: it has none (a container), or nothing is there. */
export interface KernelFacts {
  readonly kernel: string | null;
  readonly initrd: string | null;
  readonly kernelParams: string | null;
  readonly modules: string | null;
  readonly initInterface: string | null;
  readonly inhibitors: string | null;
}

/** One entry of a loader, whatever its kind. */
export interface BootEntry {
  /** systemd-boot: file name; GRUB: `0`, `1>3`. */
  readonly id: string;
  readonly title: string;
  readonly init: string | null;
  readonly linux: string | null;
  readonly initrds: readonly string[];
  /** `system` or the name below system-profiles/; null: not told. */
  readonly profile: string | null;
  readonly generation: number | null;
  readonly specialisation: string | null;
}

export interface RebootNeed {
  readonly kind: "not-needed" | "needed" | "unknown" | "not-applicable";
  /** `kernel: 6.12.8 → 6.12.10`, one a difference. */
  readonly reasons: readonly string[];
  /** `test` would be refused or harmful: only a boot leads there. */
  readonly mustNotSwitch: boolean;
}

export type TrialResult =
  | {
      readonly kind: "staged";
      readonly entry: string;
      readonly toplevel: StorePath;
      readonly default: string;
      /** What resets the machine when it hangs; empty: nobody. */
      readonly resetBy: readonly string[];
      /** Somebody must type a passphrase: must not be rebooted without being there. */
      readonly asksPassphrase: boolean;
    }
  | { readonly kind: "impossible"; readonly reason: string };
