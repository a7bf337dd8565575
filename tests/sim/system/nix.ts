import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastErrorBlock } from "../../../local-nix/nix-error.ts";
import { runCommand, tryCommand } from "../../../sim/hosts/run-command.ts";

/** The checkout's stand-ins for nixpkgs. */
export const systemFolder = join(import.meta.dirname, "../../../sim/system");
const fixture = join(import.meta.dirname, "fixture");
const flags = ["--extra-experimental-features", "nix-command", "--impure"];
// Per command: a signal made when the file is loaded runs out before the last tests of a long run.
const soon = (): AbortSignal => AbortSignal.timeout(300_000);

/** What an expression of Nix evaluates to, as JSON. `lib` is the stand-in for nixpkgs' library. */
export async function evaluate(expression: string): Promise<unknown> {
  const text = `let lib = import ${systemFolder}/lib; in ${expression}`;
  return JSON.parse(await runCommand("nix", ["eval", "--json", ...flags, "--expr", text], {}, soon()));
}

/** The text of the error with which the evaluation of an expression ends. */
export async function evaluationError(expression: string): Promise<string> {
  const text = `let lib = import ${systemFolder}/lib; in ${expression}`;
  const { stdout, stderr, exitCode } = await tryCommand(
    "nix",
    ["eval", "--json", ...flags, "--expr", text],
    {},
    soon(),
  );
  if (exitCode === 0) throw new Error(`expected an error, but it gives ${stdout}`);
  return lastErrorBlock(stderr).message;
}

/** The configuration of modules (Nix texts) of class nixos with nothing else around them. */
export function configOf(...modules: readonly string[]): string {
  return `(lib.evalModules { class = "nixos"; modules = [ ${modules.map((text) => `(${text})`).join(" ")} ]; }).config`;
}

/** A copy of the fixture's tree, in which files may be changed. */
export interface Tree extends AsyncDisposable {
  readonly root: string;
  /** Replaces a text that occurs in a file. */
  edit(file: string, from: string, to: string): Promise<void>;
  /** A Nix expression: the machine's configuration. */
  config(machine: string, machineClass?: "nixos" | "darwin"): string;
  /** A Nix expression: the machine's toplevel. */
  toplevel(machine: string, machineClass?: "nixos" | "darwin"): string;
}

export async function copyOfFixture(): Promise<Tree> {
  const directory = await mkdtemp(join(tmpdir(), "fleet-tree-"));
  const root = join(directory, "tree");
  await cp(fixture, root, { recursive: true });
  return {
    root,
    edit: async (file, from, to) => {
      const path = join(root, file);
      const text = await readFile(path, "utf8");
      if (!text.includes(from)) throw new Error(`${file} does not contain ${from}`);
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    },
    config: (machine, machineClass = "nixos") =>
      `(import ${systemFolder}/evaluate.nix { tree = ${root}; system = builtins.currentSystem; }).${machineClass}Configurations.${machine}.config`,
    toplevel: (machine, machineClass = "nixos") =>
      `import ${systemFolder} { tree = ${root}; machine = "${machine}"; class = "${machineClass}"; system = builtins.currentSystem; }`,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Builds an expression's derivation. @returns its store path. */
export async function build(expression: string): Promise<string> {
  const args = ["build", "--no-link", "--print-out-paths", "--quiet", ...flags, "--expr", expression];
  return (await runCommand("nix", args, { deadlineMs: 300_000 }, soon())).trim();
}

/** Names of the store paths that a path refers to, with itself, without their hashes. */
export async function closureOf(path: string): Promise<string[]> {
  const answer = await runCommand("nix", ["path-info", "--recursive", ...flags.slice(0, 2), path], {}, soon());
  return answer
    .trim()
    .split("\n")
    .map((line) => line.replace(/^\/nix\/store\/[a-z0-9]{32}-/, ""))
    .sort();
}
