import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { FleetModel } from "../clan/fleet-model.ts";
import { isSecretOption, noSecretOption } from "../clan/nix-options.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import type { Report } from "../report.ts";
import { type FleetSource, openFleet } from "../stack/open-fleet.ts";
import type { BaseFleet } from "../stack/other-fleet.ts";

type Pair = readonly [name: string, value: string];

/** Where the command line says that the fleet is. */
export interface SourceOptions {
  readonly dir: string;
  readonly flake?: string;
  readonly overrideInput: readonly Pair[];
  readonly nixOption: readonly Pair[];
  readonly impure?: boolean;
}

const pairOptions = ["--override-input", "--nix-option"] as const;

/** Adds the options by which every command finds the fleet. */
export function withSourceOptions(program: Command): Command {
  const pairs = (flags: string, description: string): Option =>
    new Option(flags, description).argParser(collectPair).default([] satisfies Pair[], "none");
  return program
    .option("-C, --dir <folder>", "folder of fleet.ts", process.cwd())
    .option(
      "--flake <ref>",
      "an existing flake instead of fleet.ts: a folder, or any flake reference; never written to",
    )
    .addOption(pairs("--override-input <input> <ref>", "with --flake: another source for one of its inputs"))
    .addOption(pairs("--nix-option <name> <value>", "with --flake: a setting of Nix"))
    .option("--impure", "with --flake: let it look at its surroundings")
    .option("--debug", "tell every program, connection and phase with its time on stderr, and the stacks of errors");
}

/**
 * commander has no option with two values: both are handed over as one.
 * @returns the arguments, `--override-input A B` written as `--override-input=["A","B"]`.
 */
export function joinPairs(argv: readonly string[]): string[] {
  const joined: string[] = [];
  const rest = [...argv];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    if (next === "--") return [...joined, next, ...rest];
    const isPair = pairOptions.some((option) => option === next);
    joined.push(isPair ? `${next}=${JSON.stringify(rest.splice(0, 2))}` : next);
  }
  return joined;
}

function collectPair(text: string, before: readonly Pair[]): readonly Pair[] {
  const [name, value] = readPair(text);
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError("expected two values: a name and what it is.");
  return [...before, [name, value]];
}

function readPair(text: string): readonly string[] {
  try {
    const pair: unknown = JSON.parse(text);
    return Array.isArray(pair) ? pair.map(String) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** Reads the fleet that command line and stack name; the command line wins. */
export async function readChosenFleet(
  command: Command,
  stated: FleetSource,
  chosen: ((model: FleetModel) => readonly string[]) | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<Fleet> {
  const options = command.optsWithGlobals<SourceOptions>();
  const source = chosenSource(command, stated);
  const base = options.flake === undefined ? options.dir : process.cwd();
  return openFleet(options.dir, base, source, chosen, report, signal);
}

/**
 * The source that commands without a stack of their own go by where the command line names none: `--stack` and PULUMI_STACK
 * count for them, too.
 */
export async function sourceOfProject(command: Command): Promise<FleetSource> {
  const { dir, flake, stack } = command.optsWithGlobals<SourceOptions & { readonly stack?: string }>();
  if (flake !== undefined || existsSync(join(dir, "fleet.ts"))) return {};
  // A fleet in TypeScript needs nothing of what reads stacks.
  const { flakeOfStacks } = await import("../stack/flake-of-stacks.ts");
  return flakeOfStacks(dir, stack ?? (process.env["PULUMI_STACK"] || undefined));
}

function chosenSource(command: Command, stated: FleetSource): FleetSource {
  const options = command.optsWithGlobals<SourceOptions>();
  const secret = options.nixOption.find(([name]) => isSecretOption(name));
  if (secret !== undefined) command.error(`error: --nix-option ${secret[0]}: ${noSecretOption}`, { exitCode: 2 });
  const source = {
    flake: options.flake ?? stated.flake,
    overrideInputs: { ...stated.overrideInputs, ...Object.fromEntries(options.overrideInput) },
    nixOptions: { ...stated.nixOptions, ...Object.fromEntries(options.nixOption) },
    impure: options.impure ?? stated.impure,
  };
  if (source.flake === undefined) refuseFlakeOptions(command, options);
  return source;
}

/** The fleet that the command line names, as what other states of it are found by. */
export function baseFleet(command: Command, stated: FleetSource = {}): BaseFleet {
  const { dir, flake } = command.optsWithGlobals<SourceOptions>();
  const source = chosenSource(command, stated);
  // As readChosenFleet: what the stack states is relative to its folder.
  const folder = source.flake === undefined ? resolve(dir) : resolve(flake === undefined ? dir : ".", source.flake);
  return { folder: existsSync(folder) ? folder : null, source };
}

/** Commands that work on the fleet's own sources have nothing to do in somebody else's flake. */
export function refuseFlake(command: Command): void {
  const { flake } = command.optsWithGlobals<SourceOptions>();
  if (flake === undefined) return;
  command.error(`error: --flake: ${command.name()} works on fleet.ts; an adopted flake is never written to`, {
    exitCode: 2,
  });
}

function refuseFlakeOptions(command: Command, { overrideInput, nixOption, impure }: SourceOptions): void {
  const given = [
    ...(overrideInput.length > 0 ? ["--override-input"] : []),
    ...(nixOption.length > 0 ? ["--nix-option"] : []),
    ...(impure === true ? ["--impure"] : []),
  ];
  if (given.length > 0) command.error(`error: ${given.join(", ")}: only with --flake`, { exitCode: 2 });
}
