import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

export type MakeCommand = (terminal: Terminal, signal: AbortSignal) => Command;

/** Every command by its name, in the order of `fleet --help`. */
const commands: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  init: async () => (await import("./init.ts")).initCommand,
  show: async () => (await import("./show.ts")).showCommand,
  check: async () => (await import("./check.ts")).checkCommand,
  graph: async () => (await import("./graph.ts")).graphCommand,
  why: async () => (await import("./why.ts")).whyCommand,
  impact: async () => (await import("./impact.ts")).impactCommand,
  diff: async () => (await import("./diff.ts")).diffCommand,
  plan: async () => (await import("./plan.ts")).planCommand,
  add: async () => (await import("./add.ts")).addCommand,
  convert: async () => (await import("./convert.ts")).convertCommand,
  types: async () => (await import("./types.ts")).typesCommand,
  emit: async () => (await import("./emit.ts")).emitCommand,
  lock: async () => (await import("./lock.ts")).lockCommand,
  push: async () => (await import("./push.ts")).pushCommand,
  deploy: async () => (await import("./deploy.ts")).deployCommand,
  install: async () => (await import("./install.ts")).installCommand,
  rollback: async () => (await import("./rollback.ts")).rollbackCommand,
  status: async () => (await import("./status.ts")).statusCommand,
  history: async () => (await import("./history.ts")).historyCommand,
  ssh: async () => (await import("./ssh.ts")).sshCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  move: async () => (await import("./move.ts")).moveCommand,
  vars: async () => (await import("./vars.ts")).varsCommand,
  config: async () => (await import("./config.ts")).configCommand,
};

const help: readonly string[] = ["help", "-h", "--help"];

/**
 * The commands that the command line can mean. All of them, with SSH and what they deploy with, are 650 files, of which
 * `fleet check` needs 270: loading the others would take it as long as its work.
 * @returns those that it names anywhere, since a folder may have a command's name; all where it names none or asks for help.
 */
export async function loadCommands(argv: readonly string[]): Promise<readonly MakeCommand[]> {
  const asked = argv.some((word) => help.includes(word)) ? [] : argv;
  const named = Object.keys(commands).filter((name) => asked.includes(name));
  const chosen = named.length === 0 ? Object.keys(commands) : named;
  return Promise.all(chosen.flatMap((name) => commands[name]?.() ?? []));
}
