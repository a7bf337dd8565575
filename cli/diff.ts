import { Command, Option } from "commander";
import { diffModels, type FleetDifference } from "../clan/graph/diff-models.ts";
import { renderDiff, renderDiffMarkdown } from "../clan/graph/render-diff.ts";
import { openOther } from "../stack/other-fleet.ts";
import { progressOn } from "./progress.ts";
import { baseFleet, readChosenFleet, sourceOfProject } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

const renderers = {
  text: renderDiff,
  json: (difference: FleetDifference) => JSON.stringify(difference, null, 2),
  markdown: renderDiffMarkdown,
} as const;
type Format = keyof typeof renderers;

interface Options {
  readonly format: Format;
  readonly json: boolean;
}

/**
 * `fleet diff`. Exit 0: compared, whether or not they differ; 1: one of the two cannot be read; 2: wrong usage; 130:
 * interrupted.
 */
export function diffCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("diff")
    .description("compare two states of the fleet: machines, tags, roles, members, entries gained and lost")
    .argument("<before>", "a revision of git, or a folder with a fleet")
    .argument("[after]", "the same (default: the fleet as it is now)")
    .addOption(
      new Option("--format <format>", "for people or programs").choices(Object.keys(renderers)).default("text"),
    )
    .option("--json", "the same as --format json", false)
    .action(async (before: string, after: string | undefined, { format, json }: Options, command: Command) => {
      const report = progressOn(terminal, false);
      const source = await sourceOfProject(command);
      const base = baseFleet(command, source);
      await using left = await openOther(before, base, report, signal);
      await using opened = new AsyncDisposableStack();
      const right =
        after === undefined
          ? await readChosenFleet(command, source, undefined, report, signal)
          : opened.use(await openOther(after, base, report, signal)).fleet;
      terminal.answer(renderers[json ? "json" : format](diffModels(left.fleet.model, right.model)));
    });
}
