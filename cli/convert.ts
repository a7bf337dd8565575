import { relative, resolve } from "node:path";
import { Command } from "commander";
import { planConversion } from "../clan/conversion/plan-conversion.ts";
import { type AuthorOptions, author, readAuthored, withAuthorOptions } from "./add/author.ts";
import type { Terminal } from "./terminal.ts";

interface Options extends AuthorOptions {
  readonly export?: string;
}

/** `fleet convert`. Exit 0: moved, or in TypeScript already; 1: it cannot be; 2: wrong usage; 130: interrupted. */
export function convertCommand(terminal: Terminal, signal: AbortSignal): Command {
  const convert = new Command("convert")
    .description("move one export of a flake module in Nix to TypeScript, with its comments")
    .argument("<file>", "a .nix file below modules/, relative to the fleet's folder")
    .option("--export <class/entry>", "which export; default: the only one that the file has")
    .action(async (file: string, { export: wanted, dryRun, json, anyway }: Options, command: Command) => {
      const fleet = await readAuthored(command);
      const { root } = fleet.evaluation;
      const path = relative(root, resolve(root, file));
      const plan = await planConversion(fleet, { file: path, export: wanted }, signal);
      await author(fleet, plan, `${file}: in TypeScript already`, { dryRun, json, anyway }, terminal, signal);
    });
  return withAuthorOptions(convert);
}
