import { Command } from "commander";
import { loadCommands } from "./commands.ts";
import { packageManifest } from "./package-manifest.ts";
import { withSourceOptions } from "./source-options.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The `fleet` command with those below it that the command line can mean; with none, all of them.
 * A wrong usage is thrown as commander's own error.
 */
export async function fleetCommand(argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<Command> {
  const fleet = withSourceOptions(
    new Command("fleet").description("a fleet of NixOS and nix-darwin machines, composed of deferred modules"),
  );
  fleet.version(packageManifest().version, "-V, --version", "print the version of pulumi-clan");
  for (const make of await loadCommands(argv)) fleet.addCommand(make(terminal, signal).exitOverride());
  speakOn(terminal, fleet);
  return fleet.exitOverride().showHelpAfterError("(fleet --help lists the commands)");
}

/** Help and words about wrong usage, too: nobody else writes where a passing line may stand. */
function speakOn(terminal: Terminal, command: Command): void {
  command.configureOutput({ writeOut: (text) => terminal.answer(text), writeErr: (text) => terminal.tell(text) });
  for (const below of command.commands) speakOn(terminal, below);
}
