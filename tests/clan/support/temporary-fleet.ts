import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const checkout = resolve(import.meta.dirname, "../../..");

/** A fleet on disk, gone at the end of its scope. */
export interface TemporaryFleet extends AsyncDisposable {
  readonly root: string;
}

const fleetFile = `
import { defineFleet, importTree } from "pulumi-clan/author";
export default defineFleet({
  name: "small",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: { "clan-core": { url: "github:clan-lol/clan-core" } },
});
`;

const coreFile = `
import { clanFlakeModule, flakeModule } from "pulumi-clan/author";
export default flakeModule({ imports: [clanFlakeModule], clan: { meta: { name: "small" } } });
`;

/**
 * Writes a small fleet: fleet.ts and modules/core.ts with clan's options are there unless given.
 * @param files - path relative to the root → text; a first line that is empty is dropped, so that line numbers are those of the test.
 */
export async function temporaryFleet(files: Readonly<Record<string, string>>): Promise<TemporaryFleet> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "fleet-")));
  for (const [path, text] of Object.entries({ "fleet.ts": fleetFile, "modules/core.ts": coreFile, ...files })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text.replace(/^\n/, ""));
  }
  await mkdir(join(root, "node_modules"));
  await writeFile(join(root, "package.json"), '{ "type": "module" }');
  // As in a project that has the package installed; the link's target is outside of node_modules, so types are stripped.
  await symlink(checkout, join(root, "node_modules/pulumi-clan"));
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

/** One machine, registered and in the inventory, with room for more in both. */
export const galena = `
import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  flake: { modules: { nixos: { "machines/nixos/galena": { networking: { hostName: "galena" } } } } },
  clan: {
    machines: {
      galena: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [config.flake.modules.nixos["machines/nixos/galena"]] },
    },
    inventory: { machines: { galena: { tags: ["peer"], deploy: { targetHost: "root@galena.zt" } } } },
  },
}));
`;
