import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FlakeCheckouts } from "../inputs.ts";

/** Of clan-core only what its flake modules need: the rest is documentation, packages and tests of machines. */
const partsOfClan = [
  "flake.nix",
  "flakeModules",
  "lib",
  "modules",
  "nixosModules",
  "darwinModules",
  "clanServices",
  "templates",
];

/**
 * Writes one flake per input into `folder`.
 * @returns input → reference, as `--override-input` takes them.
 */
export async function writeInputFlakes(
  folder: string,
  checkouts: FlakeCheckouts,
  names: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const source = join(folder, "source");
  await cp(checkouts.lib, join(source, "nixpkgs-lib/lib"), { recursive: true });
  await cp(checkouts.flakeParts, join(source, "flake-parts"), { recursive: true, filter: isNoRepository });
  await cp(checkouts.importTree, join(source, "import-tree"), { recursive: true, filter: isNoRepository });
  for (const part of partsOfClan)
    await cp(join(checkouts.clanCore, part), join(source, "clan-core", part), { recursive: true });
  await cp(join(import.meta.dirname, "inputs.nix"), join(source, "inputs.nix"));
  await writeFile(join(source, "systems.nix"), '[ "x86_64-linux" "aarch64-linux" "riscv64-linux" "aarch64-darwin" ]\n');
  for (const name of names) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "flake.nix"), `{ outputs = _: import ../source/inputs.nix "${name}"; }\n`);
  }
  return Object.fromEntries(names.map((name) => [name, `path:${folder}?dir=${name}`]));
}

function isNoRepository(path: string): boolean {
  return !path.endsWith("/.git");
}
