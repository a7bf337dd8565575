import { z } from "zod";
import type { FleetModel } from "../../clan/fleet-model.ts";
import { runNix } from "../../local-nix/nix-command.ts";

/** Files of the modules that each machine imports, by any chain; nothing of its configuration is computed. */
const filesOfGraph = `builtins.mapAttrs (_: machine:
  let files = builtins.concatMap (node: [ (toString node.file) ] ++ files node.imports);
  in files machine.graph)`;
const filesSchema = z.record(z.string(), z.array(z.string()));

/**
 * Compares the entries in each machine's real import graph with those that the model says it gets. Homes have graphs of
 * their own and are left out.
 * @param overrides - `--override-input` and its two arguments, for each input.
 * @returns one line per machine that differs.
 */
export async function compareGraphs(
  root: string,
  model: FleetModel,
  overrides: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const graphs = new Map<string, readonly string[]>();
  for (const output of ["nixosConfigurations", "darwinConfigurations"]) {
    const args = ["eval", "--json", "--no-write-lock-file", ...overrides, `git+file://${root}#${output}`];
    const text = await runNix([...args, "--apply", filesOfGraph], { signal, purpose: `${output}: read import graphs` });
    for (const [machine, files] of Object.entries(filesSchema.parse(JSON.parse(text)))) graphs.set(machine, files);
  }
  return Object.keys(model.machines).flatMap((machine) => {
    const wanted = statedEntries(model, machine);
    const found = new Set((graphs.get(machine) ?? []).flatMap(entryOf));
    const lacks = [...wanted.difference(found)];
    const more = [...found.difference(wanted)];
    return lacks.length + more.length === 0
      ? []
      : [`graph of ${machine}: not in Nix's: ${lacks.join(" ") || "-"}; only in Nix's: ${more.join(" ") || "-"}`];
  });
}

function statedEntries({ namespaces }: FleetModel, machine: string): Set<string> {
  const entries = Object.entries(namespaces).flatMap(([className, named]) =>
    Object.entries(named).map(([entry, { importedBy }]) => ({ className, entry, importedBy })),
  );
  const reached = entries.filter(
    ({ className, importedBy }) => className !== "homeManager" && importedBy.some((name) => name === machine),
  );
  return new Set(reached.map(({ className, entry }) => `${className}/${entry}`));
}

/** flake-parts names an entry in its module's file, but for class `generic`, whose modules it passes on as they are. */
function entryOf(file: string): readonly string[] {
  const [, className, entry] = /#modules\.([^.]+)\."?(.+?)"?$/.exec(file) ?? [];
  if (className !== undefined && entry !== undefined) return [`${className}/${entry}`];
  const [, generic] = /, via option flake\.modules\.generic\."?(.+?)"?$/.exec(file) ?? [];
  return generic === undefined ? [] : [`generic/${generic}`];
}
