import type { PulumiArguments } from "./pulumi-arguments.ts";

/** The stack of simulated hosts, and the one meant when nothing else is said. */
export const localStack = "local";

/** What `pulumi stack ls` and the environment say before the command runs. */
export interface PulumiSituation {
  /** PULUMI_STACK of the user. */
  readonly stackVariable?: string;
  readonly existing: readonly string[];
  /** Stack chosen with `pulumi stack select`. */
  readonly selected?: string;
}

/** What the wrapper does around one run of the CLI. */
export interface PulumiRun {
  /** Arguments for the CLI. */
  readonly args: readonly string[];
  /** Stack named in PULUMI_STACK, because the user named none. */
  readonly defaultStack?: string;
  /** The stack is `local`: empty passphrase, and no plugin is ever downloaded. */
  readonly local: boolean;
  /** `local` is made first. */
  readonly createStack: boolean;
  /** The stand-in for Google's cloud runs beside it. */
  readonly cloud: boolean;
  /** `--config-file` may be passed. */
  readonly takesConfigFile: boolean;
}

/** Commands that run the program or call providers. */
const engineCommands = new Set(["up", "preview", "refresh", "destroy", "import", "watch"]);
/** Commands that concern one stack which must exist. */
const stackCommands = new Set([...engineCommands, "config", "stack", "state", "cancel", "logs", "console"]);

/** Whether the command line is about a stack of this project; otherwise the CLI runs as it is. */
export function concernsStack({ command, elsewhere, help }: PulumiArguments): boolean {
  return command !== undefined && stackCommands.has(command) && !elsewhere && !help;
}

/** Decides; touches nothing. */
export function planPulumiRun(args: readonly string[], parsed: PulumiArguments, situation: PulumiSituation): PulumiRun {
  const plain = { args, local: false, createStack: false, cloud: false, takesConfigFile: false };
  const { command = "", words } = parsed;
  if (!concernsStack(parsed)) return plain;
  const named = parsed.stack ?? situation.stackVariable ?? situation.selected;
  if (lastSegment(named ?? localStack) !== localStack) return plain;
  const [verb = ""] = command === "stack" ? words : [];
  const exists = situation.existing.some((name) => lastSegment(name) === localStack);
  const engine = engineCommands.has(command);
  return {
    // `stack rm` would delete the committed Pulumi.local.yaml with the stack
    args:
      /^(rm|remove)$/.test(verb) && !parsed.options.has("--preserve-config") ? [...args, "--preserve-config"] : args,
    ...(named === undefined ? { defaultStack: localStack } : {}),
    local: true,
    createStack: !exists && !/^(init|rm|remove|ls|unselect)$/.test(verb),
    cloud: engine,
    takesConfigFile: engine && !parsed.options.has("--config-file"),
  };
}

/** `organization/pulumi-clan/local` → `local` */
function lastSegment(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}
