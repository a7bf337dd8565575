/** What a command line of the Pulumi CLI asks for, as far as the wrapper must know it. */
export interface PulumiArguments {
  /** First word that is not an option, by its main name: `up` for `update`; absent: no command. */
  readonly command?: string;
  /** Words after the command: `["rm", "local"]` of `stack rm local`. */
  readonly words: readonly string[];
  /** Value of `-s`/`--stack`, or the name that `stack select|rm|init` carries. */
  readonly stack?: string;
  /** `-C`/`--cwd`: another project than ours is meant. */
  readonly elsewhere: boolean;
  /** Only help is asked for. */
  readonly help: boolean;
  /** Names of the long options given, without value. */
  readonly options: ReadonlySet<string>;
}

/** Other names of commands. Source: pulumi 3.250, `Aliases:` in each command's help. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["update", "up"],
  ["pre", "preview"],
  ["down", "destroy"],
  ["dn", "destroy"],
]);

/** Options before which or after which no command stands, but their value. Source: pulumi 3.250, global flags. */
const optionsWithValue = new Set([
  "--color",
  "-C",
  "--cwd",
  "--memprofilerate",
  "--otel-traces",
  "--profiling",
  "--tracing",
  "-v",
  "--verbose",
]);

/** `-s` alone or behind flags without value, as in `-ys local`. */
const stackOption = /^(?:--stack|-[yfdjri]*s)$/;
const stackOptionWithValue = /^(?:--stack=|-s=?)(.+)$/;

/** Reads a command line; nothing is refused here, the CLI does that. */
export function parsePulumiArguments(args: readonly string[]): PulumiArguments {
  const words: string[] = [];
  const options = new Set<string>();
  let stack: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg === "--") break;
    if (!arg.startsWith("-")) {
      words.push(arg);
      continue;
    }
    options.add(arg.replace(/=.*$/, ""));
    if (stackOption.test(arg)) stack = args[++at];
    else if (stackOptionWithValue.test(arg)) stack = stackOptionWithValue.exec(arg)?.[1];
    else if (optionsWithValue.has(arg)) at++;
  }
  const [first, ...rest] = words;
  const command = first === undefined ? undefined : (aliases.get(first) ?? first);
  const named = command === "stack" && /^(select|rm|remove|init)$/.test(rest[0] ?? "") ? rest[1] : undefined;
  const meant = stack ?? named;
  return {
    ...(command === undefined ? {} : { command }),
    words: rest,
    ...(meant === undefined ? {} : { stack: meant }),
    elsewhere: options.has("-C") || options.has("--cwd"),
    help: options.has("-h") || options.has("--help"),
    options,
  };
}
