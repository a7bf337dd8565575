import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { writeChanges } from "../../clan/authoring/write-changes.ts";
import { planConversion } from "../../clan/conversion/plan-conversion.ts";
import { readFleet } from "../../clan/read-fleet.ts";
import { emitEntries } from "../../composition/emission/emit-entries.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { type Entry, entries, moves, nixModules } from "./exports.ts";

/** What nixpkgs' evalModules makes of entries, before and after `fleet convert` moved them to TypeScript. */
export interface ConversionAgreement {
  readonly entries: number;
  /** Files that are TypeScript now. */
  readonly converted: number;
  /** Entries whose configuration is another one; of aggregates whatever the order of lists. */
  readonly differences: readonly string[];
}

const evaluatedSchema = z.record(z.string(), z.looseObject({ names: z.array(z.string()) }));

/** @param root - of the package; @param lib - nixpkgs' `lib` folder. */
export async function compareConversion(root: string, lib: string, signal: AbortSignal): Promise<ConversionAgreement> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "conversion-")));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const files = Object.keys(nixModules).map((name) => `modules/${name}`);
  await writeAll(folder, { ...skeleton, ...mapKeys(nixModules, (name) => `modules/${name}`) });
  await mkdir(join(folder, "node_modules"));
  await symlink(root, join(folder, "node_modules/pulumi-clan"));
  const evaluate = async (modules: readonly string[]): Promise<Evaluated> => {
    const args = ["eval", "--impure", "--json", "--expr", expression(lib, modules)];
    const text = await runNix(args, { signal, purpose: "entries with nixpkgs' evalModules" });
    return evaluatedSchema.parse(JSON.parse(text));
  };
  const before = await evaluate(files.map((file) => join(folder, file)));
  for (const move of moves) {
    const plan = await planConversion(await readFleet(folder), move, signal);
    await writeChanges(folder, plan.changes);
  }
  const { evaluation, model } = await readFleet(folder);
  await writeAll(folder, Object.fromEntries(emitEntries(evaluation)));
  const after = await evaluate([join(folder, "nix/entries.nix")]);
  const sources = Object.values(model.namespaces["nixos"] ?? {}).flatMap((entry) => entry.files);
  return {
    entries: entries.length,
    converted: new Set(sources.filter((file) => file.endsWith(".ts"))).size,
    differences: entries.filter((entry) => !isSame(entry, before, after)).map(({ name }) => name),
  };
}

type Evaluated = z.output<typeof evaluatedSchema>;

function isSame({ name, isAggregate }: Entry, before: Evaluated, after: Evaluated): boolean {
  const [one, other] = [before[name], after[name]];
  if (one === undefined || other === undefined) return false;
  return isDeepStrictEqual(...(isAggregate ? ([sorted(one), sorted(other)] as const) : ([one, other] as const)));
}

function sorted({ names, ...rest }: Evaluated[string]): Evaluated[string] {
  return { ...rest, names: names.toSorted() };
}

/** Each entry as a configuration of its own, with options of the types that bring merging and order into it. */
function expression(lib: string, modules: readonly string[]): string {
  return `
let
  lib = import ${lib};
  inherit (lib) types mkOption;
  of = type: default: mkOption { inherit type default; };
  namespaces = types.lazyAttrsOf (types.lazyAttrsOf types.deferredModule);
  flake = (lib.evalModules {
    modules = [ { options.flake.modules = mkOption { type = namespaces; }; } ${modules.join(" ")} ];
  }).config.flake;
  options = {
    host = of types.str "galena";
    on = of (types.nullOr types.bool) null;
    names = of (types.listOf types.str) [ ];
    sizes = of (types.attrsOf types.int) { };
    text = of (types.attrsOf types.lines) { };
  };
  evaluated = entry: (lib.evalModules {
    specialArgs.inputs.self.modules = flake.modules;
    modules = [ { inherit options; } entry ];
  }).config;
in
lib.genAttrs [ ${entries.map(({ name }) => `"${name}"`).join(" ")} ] (name: evaluated flake.modules.nixos.\${name})`;
}

const skeleton = {
  "package.json": '{ "type": "module" }',
  "fleet.ts": `import { defineFleet, importTree } from "pulumi-clan/author";
export default defineFleet({
  name: "converted",
  systems: ["x86_64-linux"],
  imports: [importTree("modules")],
  inputs: { "clan-core": { url: "github:clan-lol/clan-core" } },
});
`,
  "modules/core.ts": `import { clanFlakeModule, flakeModule } from "pulumi-clan/author";
export default flakeModule({ imports: [clanFlakeModule], clan: { meta: { name: "converted" } } });
`,
};

function mapKeys<T>(record: Readonly<Record<string, T>>, rename: (key: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [rename(key), value]));
}

async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
