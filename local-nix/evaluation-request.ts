import { arch, platform } from "node:process";
import type { StagedTree } from "./staged-tree.ts";

/** A machine whose system is wanted. */
export interface EvaluationTarget {
  readonly machine: string;
  /** The class decides between `nixosConfigurations` and `darwinConfigurations`. */
  readonly class: "nixos" | "darwin";
}

/** How the systems of one run are evaluated. */
export interface EvaluationSettings {
  readonly tree: Pick<StagedTree, "root" | "path" | "narHash"> & {
    /** Folder of `flake.nix` in the tree. Default: the tree itself. */
    readonly dir?: string;
    /** Command that would write its flake.lock, for messages. Default `fleet lock`. */
    readonly lockCommand?: string;
  };
  /**
   * Folder or file of the tree with a Nix function `{ tree, machine, class, system }: <toplevel derivation>`, evaluated
   * instead of the flake's configurations.
   */
  readonly systemBuilder?: string;
  /** Platform for which `systemBuilder` builds. Default: this machine's. */
  readonly system?: string;
  /** `--override-input <name> <flake reference>`. */
  readonly overrideInputs?: Readonly<Record<string, string>>;
  /** `--option <name> <value>`. */
  readonly nixOptions?: Readonly<Record<string, string>>;
  /** `--impure`: the flake may look at its surroundings, so nothing of it is kept for later. Default false. */
  readonly impure?: boolean;
}

/** Source: Nix manual 2.26, `system` setting: `<cpu>-<os>`. */
export function localSystem(): string {
  const cpu = arch === "x64" ? "x86_64" : arch === "arm64" ? "aarch64" : arch;
  return `${cpu}-${platform}`;
}

/** Arguments of the command that evaluates one machine; its answer is `{ drv, out, system }` as JSON. */
export function evaluationArgs(target: EvaluationTarget, settings: EvaluationSettings): string[] {
  const source =
    settings.systemBuilder === undefined ? flakeArgs(target, settings) : builderArgs(target, settings, answer);
  // Without --show-trace Nix leaves out the frames nearest to the error, the only ones that place a `throw`.
  return ["eval", "--json", "--show-trace", ...source, ...optionArgs(settings)];
}

/**
 * Arguments of the command that asks a machine's configuration for data. Of a system builder's toplevel it is the attribute
 * `config`.
 * @param apply - a Nix function from the configuration to data.
 */
export function configurationArgs(target: EvaluationTarget, settings: EvaluationSettings, apply: string): string[] {
  const attribute = `${target.class}Configurations.${nixString(target.machine)}.config`;
  const source =
    settings.systemBuilder === undefined
      ? [...flakeAttribute(attribute, settings), "--apply", apply]
      : builderArgs(target, settings, `toplevel: (${apply}) toplevel.config`);
  return ["eval", "--json", "--show-trace", ...source, ...optionArgs(settings)];
}

// An attribute set that has `outPath` becomes that path alone in JSON, hence the other names. Forcing drvPath writes the
// derivation to the store.
const answer =
  "t: { drv = builtins.unsafeDiscardStringContext t.drvPath; out = builtins.unsafeDiscardStringContext t.outPath; inherit (t) system; }";

/** The attribute as clan builds it; `machine` is quoted, since names may hold characters of Nix' syntax. */
export function toplevelAttribute({ machine, class: ofClass }: EvaluationTarget): string {
  return `${ofClass}Configurations.${nixString(machine)}.config.system.build.toplevel`;
}

function flakeArgs(target: EvaluationTarget, settings: EvaluationSettings): string[] {
  return [...flakeAttribute(toplevelAttribute(target), settings), "--apply", answer];
}

/**
 * Names an attribute of the settings' flake, and how the flake is read: no lock file is written.
 * @param attribute - from the outputs' top; empty: the outputs themselves.
 */
export function flakeAttribute(
  attribute: string,
  { tree, overrideInputs = {}, impure = false }: EvaluationSettings,
): string[] {
  const folder = tree.dir === undefined ? "" : `dir=${encodeURIComponent(tree.dir)}&`;
  return [
    // With a leading dot Nix looks nowhere else: not among `packages`, nor in `legacyPackages`, which would be read for it.
    `path:${tree.path}?${folder}narHash=${encodeURIComponent(tree.narHash)}#.${attribute}`,
    "--no-update-lock-file",
    ...Object.entries(overrideInputs).flatMap(([name, reference]) => ["--override-input", name, reference]),
    ...(impure ? ["--impure"] : []),
  ];
}

function builderArgs(
  { machine, class: ofClass }: EvaluationTarget,
  settings: EvaluationSettings,
  apply: string,
): string[] {
  const { tree, systemBuilder = "", system = localSystem() } = settings;
  const argument = `{ inherit tree; machine = ${nixString(machine)}; class = ${nixString(ofClass)}; system = ${nixString(system)}; }`;
  // A path value without context: `tree + "/file"` in a derivation then carries that file, not the whole tree, and a
  // change anywhere in the repository does not change every toplevel.
  const expression = `let
  fetched = builtins.fetchTree { type = "path"; path = ${nixString(tree.path)}; narHash = ${nixString(tree.narHash)}; };
  tree = /. + builtins.unsafeDiscardStringContext fetched.outPath;
  answer = ${apply};
in answer (import (tree + ${nixString(`/${systemBuilder.replace(/^(\.?\/)+/, "")}`)}) ${argument})`;
  return ["--expr", expression];
}

/** `--option` for each of the settings' options. */
export function optionArgs({ nixOptions = {} }: Pick<EvaluationSettings, "nixOptions">): string[] {
  // Nix's own evaluation cache is one SQLite file for all processes and does not hold what --apply makes.
  const options = { "eval-cache": "false", ...nixOptions };
  return Object.entries(options).flatMap(([name, value]) => ["--option", name, value]);
}

/** A Nix string literal. */
export function nixString(text: string): string {
  return `"${text
    .replace(/[\\"]|\$(?=\{)/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")}"`;
}

/** Whether the same settings give the same answer for ever: every override names its content, nothing impure is allowed. */
export function isPure({ overrideInputs = {}, nixOptions = {}, impure = false }: EvaluationSettings): boolean {
  const locked = /[?&](?:narHash|rev)=|^(?:github|gitlab|sourcehut):[^/]+\/[^/]+\/[0-9a-f]{40}(?:\?|$)/;
  if (impure || nixOptions["pure-eval"] === "false") return false;
  return Object.values(overrideInputs).every((reference) => locked.test(reference));
}
