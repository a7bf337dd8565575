import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const packageRoot = resolve(import.meta.dirname, "../..");

/** Writes a fleet with a plain registry, where our package is found as in a project that has it installed. */
export async function writeFleet(root: string, modules: Readonly<Record<string, string>>): Promise<void> {
  const files = {
    "fleet.ts": `import { defineFleet, importTree } from "pulumi-clan/author";
const url = "github:example/input";
export default defineFleet({
  name: "wired",
  registry: "plain",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: { nixpkgs: { url }, "nix-darwin": { url }, "flake-parts": { url }, "import-tree": { url } },
});
`,
    "modules/core.ts": 'export { clanFlakeModule as default } from "pulumi-clan/author";\n',
    "package.json": '{ "type": "module" }\n',
    ...modules,
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await mkdir(join(root, "node_modules"));
  await symlink(packageRoot, join(root, "node_modules/pulumi-clan"));
}
