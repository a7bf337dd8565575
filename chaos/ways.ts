import { join } from "node:path";
import { runCommand } from "../sim/hosts/run-command.ts";
import { type Ended, Operator } from "./operator.ts";
import type { Way } from "./plan-runs.ts";
import { type Project, stackName } from "./project.ts";

/** One `up` under way, by either way. */
export interface Up {
  readonly operator: Operator;
  /** What an ended up said of a machine, as an outcome: `switched`, `rolled-back`, `error: …`; `killed`. */
  said(ended: Ended, machine: string): string;
}

/** Begins to bring the declared systems to all machines. */
export function startUp(way: Way, project: Project, identity: string): Up {
  const { root, env } = project;
  if (way === "pulumi") {
    const args = [
      "up",
      "--yes",
      "--skip-preview",
      "--non-interactive",
      "--color",
      "never",
      "--stack",
      stackName,
    ] as const;
    return { operator: new Operator(["pulumi", ...args], root, env), said: saidByPulumi };
  }
  const program = join(import.meta.dirname, "deliver-with-secrets.ts");
  return { operator: new Operator([process.execPath, program, root, identity], root, env), said: saidByEngine };
}

/** What Pulumi asks for after an `up` that was killed: its lock on the stack is left. */
export async function clearLock({ root, env }: Project, signal: AbortSignal): Promise<void> {
  await runCommand("pulumi", ["cancel", "--yes", "--stack", stackName], { cwd: root, env }, signal);
}

function saidByPulumi({ code, text }: Ended, machine: string): string {
  const done = [...text.matchAll(new RegExp(`Machine ${machine}\\b.*?\\bdone: (.*)$`, "gm"))].at(-1)?.[1];
  if (done !== undefined) return outcomeOf(done);
  // Pulumi calls no provider where nothing differs.
  const error = new RegExp(`^ *error: ${machine}: (.*)$`, "m").exec(text)?.[1];
  if (error !== undefined) return `error: ${error}`;
  return code === null ? "killed" : "unchanged";
}

function saidByEngine({ code, text }: Ended, machine: string): string {
  const lines = [...text.matchAll(new RegExp(`^${machine}: (.*)$`, "gm"))]
    .map((match) => match[1] ?? "")
    .filter(isOutcome);
  const last = lines.at(-1);
  return last === undefined ? (code === null ? "killed" : "nothing") : outcomeOf(last);
}

const kinds =
  /^(unchanged|switched-with-failed-units|switched|staged-for-reboot|rolled-back|rollback-failed|commit-failed|superseded|refused|unreachable|skipped|interrupted|error)\b/;

function isOutcome(words: string): boolean {
  return kinds.test(words);
}

/** The kind alone: reasons differ in numbers and names. */
function outcomeOf(words: string): string {
  const kind = kinds.exec(words)?.[1] ?? words;
  return kind === "error" ? words.slice(0, 120) : kind;
}
