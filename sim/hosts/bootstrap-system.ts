import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Loader } from "./host-spec.ts";
import { runCommand } from "./run-command.ts";
import type { SimState } from "./sim-state.ts";

/** What a new host runs: a loader's smallest NixOS, or the smallest nix-darwin. */
export type BootstrapSystem = Loader | "launchd";

const sim = join(import.meta.dirname, "..");

/** Folders whose content decides what the bootstrap systems are. */
export const bootstrapSources: readonly string[] = [join(sim, "system"), join(sim, "hosts", "bootstrap")];

/**
 * Builds the system and copies it into the store of a root that is not running, as generation 1 of its profile.
 * @param root - absolute
 */
export async function installBootstrapSystem(
  state: SimState,
  wanted: BootstrapSystem,
  root: string,
  signal: AbortSignal,
): Promise<void> {
  const nix = (args: readonly string[]): Promise<string> => {
    const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:${join(state.cache, "nix/bin")}` };
    const features = ["--extra-experimental-features", "nix-command flakes"];
    return runCommand("nix", [...features, ...args], { env, deadlineMs: 300_000 }, signal);
  };
  const toplevel = (
    await nix(["build", "--impure", "--no-link", "--print-out-paths", "--expr", expression(wanted)])
  ).trim();
  await nix(["copy", "--no-check-sigs", "--to", `local?root=${root}`, toplevel]);
  const profiles = join(root, "nix/var/nix/profiles");
  await mkdir(profiles, { recursive: true });
  await symlink(toplevel, join(profiles, "system-1-link"));
  await symlink("system-1-link", join(profiles, "system"));
}

function expression(wanted: BootstrapSystem): string {
  const text = JSON.stringify; // paths of the checkout: nothing in them that Nix' strings read otherwise but "${"
  const tree = text(join(sim, "hosts", "bootstrap")).replaceAll("${", "\\${");
  const builder = text(join(sim, "system")).replaceAll("${", "\\${");
  const machineClass = wanted === "launchd" ? "darwin" : "nixos";
  const arguments_ = `tree = ${tree}; machine = ${text(wanted)}; class = ${text(machineClass)}; system = builtins.currentSystem;`;
  return `import (builtins.toPath ${builder}) { ${arguments_} }`;
}
