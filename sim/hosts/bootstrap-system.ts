import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import type { SimState } from "./sim-state.ts";

/** The system that a host runs before its first deployment. */
export interface BootstrapSystem {
  /** Store path. */
  readonly toplevel: string;
  /** Copies it into the store of a root that is not running, with profile and boot entry. */
  installInto(root: string): Promise<void>;
}

/** Builds the smallest system of a class. */
export async function buildBootstrapSystem(
  state: SimState,
  kind: "nixos" | "darwin",
  signal: AbortSignal,
): Promise<BootstrapSystem> {
  const nix = join(state.cache, "nix/bin/nix");
  const temporary = await mkdtemp("/tmp/bootstrap-system-");
  try {
    const tree = join(temporary, `${kind}-system-bootstrap`);
    await mkdir(join(tree, "bin"), { recursive: true });
    await writeFile(
      join(tree, "activate"),
      `#!/bin/sh\nln -sfn "$(dirname "$(readlink -f "$0")")" /run/current-system\n`,
    );
    await chmod(join(tree, "activate"), 0o755);
    if (kind === "nixos") {
      await writeFile(join(tree, "init"), "#!/bin/sh\n");
      await writeFile(join(tree, "nixos-version"), "25.05.bootstrap");
    } else await writeFile(join(tree, "darwin-version"), "25.05.bootstrap");
    const toplevel = (await runCommand(nix, ["store", "add-path", tree], {}, signal)).trim();
    return { toplevel, installInto: (root) => install(nix, toplevel, kind, root, signal) };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function install(
  nix: string,
  toplevel: string,
  kind: "nixos" | "darwin",
  root: string,
  signal: AbortSignal,
): Promise<void> {
  await runCommand(
    nix,
    ["copy", "--no-check-sigs", "--to", `local?root=${root}`, toplevel],
    { deadlineMs: 300_000 },
    signal,
  );
  const profiles = join(root, "nix/var/nix/profiles");
  await mkdir(profiles, { recursive: true });
  await symlink(toplevel, join(profiles, "system-1-link"));
  await symlink("system-1-link", join(profiles, "system"));
  if (kind === "darwin") return;
  const loader = join(root, "usr/lib/simulated-host/boot/loader");
  await mkdir(join(loader, "entries"), { recursive: true });
  await writeFile(join(loader, "loader.conf"), "timeout 5\ndefault nixos-generation-1.conf\n");
  const entry = ["title NixOS", "version Generation 1", `options init=${toplevel}/init`, ""].join("\n");
  await writeFile(join(loader, "entries/nixos-generation-1.conf"), entry);
}
