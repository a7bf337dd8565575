import { Command } from "commander";
import { checkEmission, emitFleet, writeEmission } from "../clan/emission/emit-fleet.ts";
import { readFleet } from "../clan/read-fleet.ts";
import { refuseFlake } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

/** `fleet emit`. Exit 0: written, or up to date; 1: stale with `--check`, or the fleet could not be read; 2: wrong usage. */
export function emitCommand(terminal: Terminal): Command {
  return new Command("emit")
    .description("write the fleet as an ordinary flake: flake.nix and nix/ at the repository's root")
    .option("--check", "write nothing; fail when the committed emission is stale", false)
    .option("--dry-run", "write nothing; list what would change", false)
    .action(async (options: { check: boolean; dryRun: boolean }, command: Command) => {
      refuseFlake(command);
      const root = command.optsWithGlobals<{ dir: string }>().dir;
      const { evaluation } = await readFleet(root);
      const files = emitFleet(evaluation);
      if (options.check || options.dryRun) {
        const stale = await checkEmission(evaluation.root, files);
        for (const { path, reason } of stale) terminal.answer(`${reason}: ${path}`);
        if (stale.length === 0) terminal.tell("the emission is up to date");
        else if (options.check) terminal.tell("the emission is stale: run `fleet emit` and commit flake.nix and nix/");
        terminal.exitCode = options.check && stale.length > 0 ? 1 : 0;
        return;
      }
      const { written, removed, unchanged } = await writeEmission(evaluation.root, files);
      for (const path of written) terminal.answer(`written: ${path}`);
      for (const path of removed) terminal.answer(`removed: ${path}`);
      terminal.tell(`${written.length} written, ${removed.length} removed, ${unchanged.length} unchanged`);
    });
}
