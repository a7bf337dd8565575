import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { checkout } from "./documented-commands.ts";

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")));

/** Commands of npm itself that pages name. */
const ownCommands = new Set(["test", "ci", "install", "pack", "audit"]);

/** A script of package.json that is called. */
export interface ScriptCall {
  readonly script: string;
  /** Behind `--`. */
  readonly args: readonly string[];
}

/** @param args - behind `npm`. @returns absent where no script is called. */
export function scriptCallOf(args: readonly string[]): ScriptCall | undefined {
  const [first, ...rest] = args;
  if (first !== "run") return undefined;
  const end = rest.indexOf("--");
  const words = end < 0 ? rest : rest.slice(0, end);
  const script = words.find((word, index) => !word.startsWith("-") && words[index - 1] !== "--prefix");
  return { script: script ?? "", args: end < 0 ? [] : rest.slice(end + 1) };
}

/** @param args - behind `npm`. @returns what the command line is refused for; absent: it is none. */
export function refusedByNpm(args: readonly string[]): string | undefined {
  const call = scriptCallOf(args);
  if (call === undefined) return ownCommands.has(args[0] ?? "") ? undefined : `npm ${args[0]}: none of the known ones`;
  if (scripts[call.script] === undefined) return `package.json has no script "${call.script}"`;
  return refusedByScript(call);
}

/** Scripts that parse their command line with commander, which says by `--help` what it takes. */
const programs: Readonly<Record<string, string>> = {
  acceptance: "acceptance/main.ts",
  bench: "bench/main.ts",
  chaos: "chaos/main.ts",
  conformance: "conformance/main.ts",
  fidelity: "fidelity/main.ts",
  sim: "sim/cli.ts",
};
const helps = new Map<string, string>();

function helpOf(program: string, command: readonly string[]): string {
  const key = [program, ...command].join(" ");
  const args = [join(checkout, program), ...command, "--help"];
  const help = helps.get(key) ?? spawnSync(process.execPath, args, { encoding: "utf8" }).stdout;
  helps.set(key, help);
  return help;
}

/** Whether command and options stand in the script's own help; of `setup`, a script without one, in its text. */
function refusedByScript({ script, args }: ScriptCall): string | undefined {
  const options = args.filter((arg) => arg.startsWith("--")).map((arg) => arg.replace(/=.*/, ""));
  if (script === "setup") return unknownOf(options, readFileSync(join(checkout, scripts[script] ?? ""), "utf8"));
  const program = programs[script];
  if (program === undefined) return undefined;
  const isCommand = /^Commands:$/m.test(helpOf(program, []));
  const [command = ""] = isCommand ? args : [];
  if (isCommand && command !== "" && !new RegExp(`^  ${command}\\b`, "m").test(helpOf(program, [])))
    return `npm run ${script} has no command "${command}"`;
  return unknownOf(options, helpOf(program, command === "" ? [] : [command]));
}

function unknownOf(options: readonly string[], known: string): string | undefined {
  const unknown = options.filter((option) => !new RegExp(`${option}\\b(?!-)`).test(known));
  return unknown.length === 0 ? undefined : `unknown: ${unknown.join(", ")}`;
}
