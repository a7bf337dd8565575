import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { NixText } from "../../composition/body/nix-template.ts";
import { printNix } from "../../composition/nix-text/print-nix.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { NixError } from "../../local-nix/nix-error.ts";
import { definitionsOf, type Outcome } from "./evaluate-here.ts";
import type { ModuleCase, ModuleSet } from "./module-set.ts";

const place = { root: "/fleet", folder: "/fleet", modules: "config.flake.modules", at: "a generated module" };

/**
 * The modules as Nix text: an expression of `lib` and `run`. Roots and imports come reversed, since nixpkgs reverses its
 * list of modules, so that where modules are roots only, both sides see one order.
 */
export function printModuleSet({ modules, roots, paths }: ModuleSet): string {
  const names = (indices: readonly number[]) => indices.toReversed().map((index) => `m${index}`);
  const bindings = modules.map(
    (module, index) => `  m${index} = { config, ... }: {
    key = "m${index}"; _file = "module-${index}.nix"; imports = [ ${names(module.imports).join(" ")} ];
    options = together [ ${module.options.map(printOption).join(" ")} ];
    config = lib.mkMerge [ ${printDefinitions(module)} ];
  };`,
  );
  const asked = paths.map((path) => printNix(path.split("."), place));
  return `let\n${bindings.join("\n")}\nin run [ ${asked.join(" ")} ] [ ${names(roots).join(" ")} ]`;
}

function printOption({ path, type, readOnly, ...rest }: ModuleCase["options"][number]): string {
  const byDefault = "default" in rest ? `default = ${printNix(rest.default, place)}; ` : "";
  return `{ ${path} = lib.mkOption { type = ${type.nix}; ${byDefault}${readOnly ? "readOnly = true; " : ""}}; }`;
}

function printDefinitions(module: ModuleCase): string {
  const read = (path: string) => new NixText([`config.${path}`], [], undefined);
  return definitionsOf(module, read)
    .map((definition) => `(${printNix(definition, place)})`)
    .join(" ");
}

/** An error that Nix cannot catch, such as a missing argument of a function inside nixpkgs: nothing to compare with. */
export interface NixDied {
  readonly died: string;
}

const outcomesSchema = z.array(z.array(z.strictObject({ json: z.string() }).or(z.strictObject({ fails: z.string() }))));

const prelude = (lib: string) => `
let
  lib = import ${lib};
  together = builtins.foldl' lib.recursiveUpdate { };
  read = config: path:
    let got = builtins.tryEval (builtins.toJSON (lib.getAttrFromPath path config));
    in if got.success then { json = got.value; } else { fails = "nixpkgs refuses it"; };
  run = paths: modules: map (read (lib.evalModules { inherit modules; }).config) paths;
in
`;

/**
 * What nixpkgs' evalModules makes of many module sets, in one Nix process; where Nix gives up on one of them in a way
 * that it cannot catch itself, the halves are tried apart.
 */
export async function evaluateWithNixpkgs(
  lib: string,
  expressions: readonly string[],
  signal: AbortSignal,
): Promise<readonly (readonly Outcome[] | NixDied)[]> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  try {
    const file = join(folder, "modules.nix");
    await writeFile(file, `${prelude(lib)}[\n${expressions.map((text) => `(${text})`).join("\n")}\n]\n`);
    const args = ["eval", "--json", "--impure", "--store", "dummy://", "--file", file];
    return outcomesSchema.parse(JSON.parse(await runNix(args, { signal, purpose: "evaluate the generated modules" })));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NixError)) throw error;
    if (expressions.length <= 1) return [{ died: error.facts.found }];
    const half = Math.ceil(expressions.length / 2);
    const first = await evaluateWithNixpkgs(lib, expressions.slice(0, half), signal);
    return [...first, ...(await evaluateWithNixpkgs(lib, expressions.slice(half), signal))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
