import type { StorePath } from "../../local-nix/store-path.ts";
import type { BootEntry } from "./boot-entry.ts";
import type { BootFacts } from "./read-boot.ts";

/** Word characters only: GRUB's installer skips profiles with other names. Source: nixpkgs install-grub.pl. */
export const trialProfile = "pulumi_clan_trial";

/** Why no trial boot can be had, before anything is written; undefined: nothing speaks against it. */
export function reasonAgainstTrial({ loader, paths, wanted }: BootFacts): string | undefined {
  if (loader.withoutOneShot !== undefined) return loader.withoutOneShot;
  if (wanted === undefined || wanted.kernel === null) return "the new system has no kernel of its own";
  if (loader.default === undefined) return "the loader's files do not tell what starts by default";
  if (loader.default.init !== null && paths.profile !== undefined && loader.default.init !== `${paths.profile}/init`) {
    return `the default entry starts ${loader.default.init}, the profile names ${paths.profile}`;
  }
  return undefined;
}

export type TrialCheck =
  | { readonly kind: "ready"; readonly entry: BootEntry }
  | { readonly kind: "wrong"; readonly reason: string };

/** After the entries were written: the old default is still the default, and exactly one entry starts the new system from the trial's profile. */
export function checkTrial(before: BootFacts, after: BootFacts, boots: StorePath): TrialCheck {
  const wrong = (reason: string): TrialCheck => ({ kind: "wrong", reason });
  const [old, now] = [before.loader.default, after.loader.default];
  if (now === undefined) return wrong("afterwards the loader's files do not tell what starts by default");
  if (now.init !== old?.init)
    return wrong(`the default entry changed from ${old?.init ?? "none"} to ${now.init ?? "none"}`);
  const ours = after.loader.entries.filter(({ init, profile }) => init === `${boots}/init` && profile === trialProfile);
  const newest = ours.toSorted((a, b) => (b.generation ?? 0) - (a.generation ?? 0))[0];
  if (newest === undefined) return wrong(`the loader has no entry of profile ${trialProfile} that starts ${boots}`);
  if (newest.linux === null) return wrong(`the entry ${newest.id} names no kernel`);
  return { kind: "ready", entry: newest };
}

/** Files of an entry as the host sees them, one list of places for each; empty: not to be told (another drive's root). */
export function filesOf(kind: "systemd-boot" | "grub", { linux, initrds }: BootEntry): readonly (readonly string[])[] {
  return [linux, ...initrds].flatMap((named) => {
    if (named === null) return [];
    const path = named.replace(/^\(\$?[^)]*\)/, "").replaceAll(/\/{2,}/g, "/");
    if (kind === "systemd-boot") return [[`/boot${path}`, `/efi${path}`, `/boot/efi${path}`]];
    const store = path.indexOf("/nix/store/");
    return [[`/boot${path}`, path, ...(store < 0 ? [] : [path.slice(store)])]];
  });
}
