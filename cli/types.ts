import { Command } from "commander";
import { Draft } from "../clan/authoring/draft.ts";
import { AuthoringError } from "../clan/authoring/errors.ts";
import { isFleetTypes, printFleetTypes, typesFile } from "../clan/authoring/fleet-types.ts";
import { writeChanges } from "../clan/authoring/write-changes.ts";
import { readFleet } from "../clan/read-fleet.ts";
import { refuseFlake } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet types`. Exit 0: written, or up to date; 1: stale with `--check`, or the fleet could not be read; 2: wrong usage. */
export function typesCommand(terminal: Terminal): Command {
  return new Command("types")
    .description("write fleet.d.ts: names of entries, machines, tags and roles for the editor")
    .option("--check", "write nothing; fail when fleet.d.ts is out of date", false)
    .action(async ({ check }: { check: boolean }, command: Command) => {
      refuseFlake(command);
      const { model, evaluation } = await readFleet(command.optsWithGlobals<{ dir: string }>().dir);
      const draft = new Draft(evaluation.root);
      const present = draft.read(typesFile);
      if (present !== undefined && !isFleetTypes(present)) throw somebodyElses();
      draft.write(typesFile, printFleetTypes(model));
      if (draft.changes.length === 0) {
        terminal.tell(`${typesFile} is up to date`);
      } else if (check) {
        terminal.tell(`${typesFile} is out of date: run \`fleet types\``);
        terminal.exitCode = 1;
      } else {
        await writeChanges(evaluation.root, draft.changes);
        terminal.answer(`written: ${typesFile}`);
      }
    });
}

function somebodyElses(): AuthoringError {
  return new AuthoringError({
    summary: `${typesFile}: a file that \`fleet types\` did not write`,
    expected: "nothing, or a file that it wrote",
    found: "a file without its first line",
    at: typesFile,
    fix: "give the file another name: any *.d.ts is read by the compiler",
  });
}
