import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readFleet } from "../../clan/read-fleet.ts";
import { ClassMismatchError } from "../../composition/body/errors.ts";
import { FleetErrors } from "../../errors.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { writeFleet } from "./wired-fleet.ts";

const systems = ["nixos", "darwin"] as const;
const imported = ["nixos", "darwin", "homeManager", "generic"] as const;

/** An import of an entry of one class where modules of another are taken. */
interface Pair {
  readonly importer: (typeof systems)[number] | "homeManager";
  readonly imported: (typeof imported)[number];
}

const pairs: readonly Pair[] = [...systems, "homeManager" as const].flatMap((importer) =>
  imported.map((one) => ({ importer, imported: one })),
);
const nameOf = ({ importer, imported: one }: Pair): string => `${one} in ${importer}`;

/** Each pair of classes as TypeScript and as flake-parts with nixpkgs' lib take it. @returns a line for each that differs. */
export async function compareClasses(
  folder: string,
  overrides: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly pairs: number; readonly differences: readonly string[] }> {
  const root = join(folder, "classes");
  const real = await takenByNix(join(root, "nix"), overrides, signal);
  const differences: string[] = [];
  for (const pair of pairs) {
    const here = await takenHere(join(root, `${pair.imported}-${pair.importer}`), pair);
    const there = real[nameOf(pair)];
    const say = (taken: boolean | undefined): string => (taken === true ? "taken" : "refused");
    if (here !== there) differences.push(`classes: ${nameOf(pair)}: here ${say(here)}, by Nix ${say(there)}`);
  }
  return { pairs: pairs.length, differences };
}

async function takenHere(root: string, { importer, imported: one }: Pair): Promise<boolean> {
  const reference = `config.flake.modules.${one}.thing`;
  const system = importer === "darwin" ? "darwin" : "nixos";
  const body =
    importer === "homeManager"
      ? `{ "home-manager": { users: { mina: { imports: [${reference}] } } } }`
      : `{ imports: [${reference}] }`;
  await writeFleet(root, {
    "modules/entries.ts": `import { flakeModule } from "pulumi-clan/author";
export default flakeModule(({ config }) => ({
  flake: { modules: { ${system}: { machine: ${body} } } },
  clan: { machines: { opal: { nixpkgs: { hostPlatform: "${system === "nixos" ? "x86_64-linux" : "aarch64-darwin"}" }, imports: [config.flake.modules.${system}.machine] } } },
}));
`,
    "modules/thing.ts": `export default { flake: { modules: { ${one}: { thing: { } } } } };\n`,
  });
  try {
    await readFleet(root);
    return true;
  } catch (error) {
    const errors = error instanceof FleetErrors ? error.errors : [error];
    if (errors.every((each) => each instanceof ClassMismatchError)) return false;
    throw error;
  }
}

/** The same pairs as Nix modules; `deepSeq` of an option computes what the imports are. */
async function takenByNix(
  root: string,
  overrides: readonly string[],
  signal: AbortSignal,
): Promise<Readonly<Record<string, boolean>>> {
  await mkdir(root, { recursive: true });
  const cases = pairs.map(({ importer, imported: one }) => {
    const name = JSON.stringify(nameOf({ importer, imported: one }));
    return `      ${name} = taken ${JSON.stringify(importer)} config.flake.modules.${one}.thing;`;
  });
  await writeFile(
    join(root, "flake.nix"),
    `{
  inputs.nixpkgs.url = "github:example/input";
  inputs.flake-parts.url = "github:example/input";
  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ({ config, lib, ... }: {
    imports = [ inputs.flake-parts.flakeModules.modules ];
    systems = [ "x86_64-linux" ];
    flake.modules = lib.genAttrs [ ${imported.map((one) => JSON.stringify(one)).join(" ")} ] (_: { thing = { }; });
    flake.taken = let
      option.options.marker = lib.mkOption { default = true; };
      taken = class: thing: (builtins.tryEval (lib.evalModules { inherit class; modules = [ thing option ]; }).config.marker).success;
    in {
${cases.join("\n")}
    };
  });
}
`,
  );
  const args = ["eval", "--json", "--no-write-lock-file", ...overridesOf(overrides), `path:${root}#taken`];
  const text = await runNix(args, { signal, purpose: "classes: what Nix takes" });
  return z.record(z.string(), z.boolean()).parse(JSON.parse(text));
}

/** Only those of inputs that the flake has: Nix warns of others. */
function overridesOf(overrides: readonly string[]): readonly string[] {
  return overrides.flatMap((word, index) =>
    word === "--override-input" && ["nixpkgs", "flake-parts"].includes(overrides[index + 1] ?? "")
      ? overrides.slice(index, index + 3)
      : [],
  );
}
