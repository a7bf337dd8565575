import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { MachineClass } from "../clan/fleet-model.ts";
import { localSystem } from "../local-nix/evaluation-request.ts";
import { parseStorePath, type StorePath } from "../local-nix/store-path.ts";
import { runCommand } from "../sim/hosts/run-command.ts";
import { type Feature, moduleOf } from "./features.ts";

/** A system in this machine's store, and what it was built from. */
export interface Built {
  readonly drvPath: string;
  readonly toplevel: StorePath;
}

const answerSchema = z.record(z.string(), z.object({ drv: z.string(), out: z.string() }));
const builders = { nixos: "nixpkgs.lib.nixosSystem", darwin: "nix-darwin.lib.darwinSystem" } as const;
const system = join(import.meta.dirname, "../sim/system");

/**
 * Builds a machine with each set of features.
 * @param root - an empty folder, for the flake.
 * @returns by `nameOf` the features.
 */
export async function buildSystems(
  root: string,
  declared: readonly (readonly Feature[])[],
  machineClass: MachineClass,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Built>> {
  const wanted = new Map(declared.map((features) => [nameOf(features), features]));
  const names = [...wanted.keys()];
  const tree = join(root, "tree");
  await mkdir(tree);
  await writeFile(
    join(tree, "flake.nix"),
    `{ inputs.nixpkgs = { }; inputs.nix-darwin = { }; outputs = { nixpkgs, nix-darwin, ... }: { ${machineClass}Configurations = {
${[...wanted.values()].map((features, index) => `m${index} = ${builders[machineClass]} { modules = [ { nixpkgs.hostPlatform = "${platformOf(machineClass)}"; } (${moduleOf(features, machineClass)}) ]; };`).join("\n")}
}; }; }\n`,
  );
  const flags = ["--extra-experimental-features", "nix-command", "--impure"];
  const one = (index: number): string =>
    `m${index} = let it = import ${system} { tree = ${tree}; machine = "m${index}"; class = "${machineClass}"; system = builtins.currentSystem; }; in { drv = it.drvPath; out = it.outPath; };`;
  const expression = `{ ${names.map((_, index) => one(index)).join(" ")} }`;
  const text = await runCommand(
    "nix",
    ["eval", "--json", ...flags, "--expr", expression],
    { deadlineMs: 300_000 },
    signal,
  );
  const answer = answerSchema.parse(JSON.parse(text));
  const built = new Map(
    names.map((name, index) => {
      const { drv, out } = answer[`m${index}`] ?? { drv: "", out: "" };
      return [name, { drvPath: drv, toplevel: parseStorePath(out) }] as const;
    }),
  );
  const derivations = [...built.values()].map(({ drvPath }) => `${drvPath}^out`);
  await runCommand("nix", ["build", "--no-link", ...flags, ...derivations], { deadlineMs: 300_000 }, signal);
  return built;
}

/** What a simulated host says that it is. */
export function platformOf(machineClass: MachineClass): string {
  return machineClass === "darwin" ? "aarch64-darwin" : localSystem();
}

/** The same for the same features in any order. */
export function nameOf(features: readonly Feature[]): string {
  return features.toSorted().join("; ");
}
