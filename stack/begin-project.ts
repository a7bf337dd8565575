import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A command that brings a new project to its first preview. */
export interface ProjectStep {
  readonly command: readonly [file: string, ...args: string[]];
  /** What it is for. */
  readonly why: string;
}

/** Which of the steps are wanted. */
export interface WantedSteps {
  readonly stack: string;
  readonly install: boolean;
  readonly preview: boolean;
}

/** The steps that are still to be done, in their order. Source: pulumi 3.250, `stack select --create`. */
export function projectSteps(root: string, { stack, install, preview }: WantedSteps): readonly ProjectStep[] {
  return [
    ...(isInRepository(root) ? [] : [step("a flake is made of what git knows", "git", "init", "--quiet")]),
    ...(install && !hasPackage(root)
      ? [step("the packages that the program needs", "npm", "install", "--no-audit")]
      : []),
    ...(preview
      ? [
          step("a state for the stack", "pulumi", "stack", "select", stack, "--create"),
          step("what `pulumi up` would do", "pulumi", "preview", "--stack", stack),
        ]
      : []),
  ];
}

function step(why: string, file: string, ...args: string[]): ProjectStep {
  return { command: [file, ...args], why };
}

function isInRepository(root: string): boolean {
  return existsSync(join(root, ".git")) || (dirname(root) !== root && isInRepository(dirname(root)));
}

/** Whether a program in the folder finds this package. */
export function hasPackage(root: string): boolean {
  try {
    createRequire(join(root, "package.json")).resolve("pulumi-clan/package.json");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return false;
    throw error;
  }
}

/** How far the steps came. */
export interface ProjectRun {
  readonly done: readonly ProjectStep[];
  readonly failed: ProjectStep | null;
  /** What to run once the cause is gone. */
  readonly left: readonly string[];
}

/** Runs steps one after the other until one fails. They may ask at the terminal, where there is one: for a passphrase, say. */
export async function beginProject(
  root: string,
  steps: readonly ProjectStep[],
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<ProjectRun> {
  const done: ProjectStep[] = [];
  for (const next of steps) {
    tell(`${next.command.join(" ")}  (${next.why})`);
    const found = await runStep(root, next, signal);
    if (found === null) {
      done.push(next);
      continue;
    }
    tell(`${next.command[0]}: ${found}`);
    const left = steps.slice(done.length).map(({ command }) => command.join(" "));
    return { done, failed: next, left };
  }
  return { done, failed: null, left: [] };
}

/** @returns null where it succeeded, else what was found. */
async function runStep(root: string, { command }: ProjectStep, signal: AbortSignal): Promise<string | null> {
  const [file, ...args] = command;
  const interactive = process.stdin.isTTY ? [] : ["--non-interactive"];
  const all = file === "pulumi" ? [...args, ...interactive] : args;
  // stdout is the answer's: what others print goes to stderr.
  const child = spawn(file, all, { cwd: root, stdio: ["inherit", process.stderr, process.stderr], signal });
  try {
    const [code]: unknown[] = await once(child, "exit");
    return code === 0 ? null : `ended with ${code === null ? "a signal" : `exit code ${String(code)}`}`;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "not on PATH";
    throw error;
  }
}
