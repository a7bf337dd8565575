import { type Argument, type Command, CommanderError, type Option } from "commander";
import { joinPairs } from "../../../cli/source-options.ts";
import { leaves, readCommands } from "../../../scripts/docs/cli.ts";
import { isPlaceholder } from "./synopsis.ts";

/** What commander says of a command line that lacks something: a sentence may name a command without its arguments. */
const incomplete = new Set([
  "commander.missingArgument",
  "commander.optionMissingArgument",
  "commander.missingMandatoryOptionValue",
]);

/**
 * Parses a command line by the real commands, none of which runs.
 * @param args - behind `fleet`; placeholders stand for any value, a choice's too
 * @param mayLack - arguments and values at its end may be missing
 * @returns what the command line is refused for. Absent: it is none.
 */
export async function refusedByFleet(args: readonly string[], mayLack: boolean): Promise<string | undefined> {
  // A function of a script hands on what it is called with: the calls themselves are looked at.
  if (args.length === 0 || args.includes("$@")) return undefined;
  const fleet = await readCommands();
  for (const one of commandsBelow(fleet)) prepare(one);
  try {
    await fleet.parseAsync(joinPairs(args), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const isFine = error.exitCode === 0 || (mayLack && (incomplete.has(error.code) || endsAtGroup(fleet, args)));
    return isFine ? undefined : error.message;
  }
  return undefined;
}

/** `fleet add`, `fleet vars`: names what has further commands. */
function endsAtGroup(fleet: Command, args: readonly string[]): boolean {
  return leaves(fleet).some(({ name }) => name.startsWith(`fleet ${args.join(" ")} `));
}

function commandsBelow(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsBelow)];
}

/** The command does nothing, says nothing, and takes placeholders. */
function prepare(command: Command): void {
  command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  if (command.commands.length === 0) command.action(() => undefined);
  for (const part of [...command.options, ...command.registeredArguments]) takePlaceholders(part);
}

function takePlaceholders(part: Option | Argument): void {
  const parse = part.parseArg;
  if (parse === undefined) return;
  part.parseArg = <T>(value: string, previous: T): T =>
    isPlaceholder(value) || value.startsWith("$") ? previous : parse(value, previous);
}
