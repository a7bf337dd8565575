import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What the installed CLI says of one of its commands. */
interface PulumiHelp {
  /** `pulumi stack new [org-name/]<stack-name> [flags]`. */
  readonly usage: readonly string[];
  /** Whether further commands stand below it. */
  readonly isGroup: boolean;
  /** Name with its dashes → whether a value follows as a word of its own. */
  readonly flags: ReadonlyMap<string, boolean>;
}

const helps = new Map<string, Promise<PulumiHelp>>();

function helpOf(command: readonly string[]): Promise<PulumiHelp> {
  const key = command.join(" ");
  const help = helps.get(key) ?? readHelp(command);
  helps.set(key, help);
  return help;
}

/** The CLI answers for the longest part of the command that it knows. Source: pulumi 3.250, spf13/cobra 1.9. */
async function readHelp(command: readonly string[]): Promise<PulumiHelp> {
  const { stdout } = await promisify(execFile)("pulumi", [...command, "--help"], { encoding: "utf8" }).catch(
    (cause: unknown) => {
      throw new Error(`pulumi ${command.join(" ")} is no command`, { cause });
    },
  );
  const [, usage = ""] = /^Usage:\n((?: {2}.*\n)+)/m.exec(stdout) ?? [];
  const flags = stdout.matchAll(/^ {2,6}(?:(-\w), )?(--[\w-]+)(?: ([^\s[]\S*))?(\[=\S+)?/gm);
  const known = [...flags].flatMap(([, short, long = "", value]) =>
    [short, long].flatMap((name) => (name === undefined ? [] : [[name, value !== undefined] as const])),
  );
  return {
    usage: usage
      .trimEnd()
      .split("\n")
      .map((line) => line.trim()),
    isGroup: /^[\w ]*Commands:$/m.test(stdout),
    flags: new Map(known),
  };
}

/** @param args - behind `pulumi`. @returns what the command line is refused for; absent: it is none. */
export async function refusedByPulumi(args: readonly string[]): Promise<string | undefined> {
  const command: string[] = [];
  let help = await helpOf(command);
  const rest = [...args];
  while (help.isGroup && rest[0] !== undefined && !rest[0].startsWith("-")) {
    const below = await helpOf([...command, rest[0]]).catch(() => undefined);
    if (below === undefined || below.usage.join() === help.usage.join()) break;
    command.push(rest.shift() ?? "");
    help = below;
  }
  return refusedWords(rest, help, `pulumi ${command.join(" ")}`.trimEnd());
}

function refusedWords(words: readonly string[], { usage, flags }: PulumiHelp, name: string): string | undefined {
  const takesOperands = usage.some((line) => /[<[](?!flags\]|command\]|--)/.test(line));
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "--") return undefined;
    if (!word.startsWith("-")) {
      if (!takesOperands) return `${name} takes no "${word}"`;
      continue;
    }
    const [flag = "", value] = word.split("=", 2);
    const takesValue = flags.get(flag);
    if (takesValue === undefined) return `${name} has no ${flag}`;
    if (takesValue && value === undefined) index += 1;
  }
  return undefined;
}
