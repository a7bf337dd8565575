import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { emitFleet } from "../../clan/emission/emit-fleet.ts";
import { readFleet } from "../../clan/read-fleet.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { writeFleet } from "./wired-fleet.ts";

/** Entries that reach the machine by several chains, an aggregate of two files among them; each marks its place once. */
const modules = {
  "modules/wiring.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => {
  const { nixos, generic } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          machine: { imports: [nixos.left, nixos.right, nixos.base, generic.shared], marks: ["machine"] },
          left: { imports: [nixos.base, generic.shared], marks: ["left"] },
          right: { imports: [nixos.left, nixos.base], marks: ["right"] },
          base: { imports: [generic.shared], marks: ["base"] },
        },
        generic: { shared: { marks: ["shared"] } },
      },
    },
    clan: { machines: { opal: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos.machine, nixos.options] } } },
  };
});
`,
  "modules/more.ts":
    'export default { flake: { modules: { nixos: { base: { marks: ["base, the other file"] } } } } };\n',
  "modules/options.ts": `import { flakeModule, nix } from "pulumi-clan/author";
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        options: nix\`{ lib, ... }: {
          options.marks = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
          options.nixpkgs.hostPlatform = lib.mkOption { type = lib.types.str; };
        }\`,
      },
    },
  },
});
`,
};
const marks = ["base", "base, the other file", "left", "machine", "right", "shared"];

/**
 * Whether an entry of an emitted flake that a machine gets by several chains counts once with nixpkgs' lib.
 * @returns a line where it does not.
 */
export async function compareMerging(
  folder: string,
  overrides: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const root = join(folder, "merging");
  await writeFleet(root, modules);
  const { evaluation } = await readFleet(root);
  for (const [file, text] of emitFleet(evaluation)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  const config = `path:${root}#nixosConfigurations.opal.config.marks`;
  const args = ["eval", "--json", "--no-write-lock-file", ...overrides, config];
  const text = await runNix(args, { signal, purpose: "merging: what Nix makes of entries by several chains" });
  const found = z.array(z.string()).parse(JSON.parse(text)).sort();
  return isDeepStrictEqual(found, marks)
    ? []
    : [`merging: each entry once is ${JSON.stringify(marks)}, Nix has ${JSON.stringify(found)}`];
}
