import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { FleetError } from "../errors.ts";

/** Pulumi's CLI does not say what only it can know of a stack: it is not there, the state is not, or a passphrase is missing. */
export class PulumiCliError extends FleetError {
  readonly code = "FLEET_PULUMI_CLI";
}

/** The backend has no such stack: nobody has made it yet, or it is in another one. */
export class MissingStackError extends PulumiCliError {}

/** Which stack, and where. */
export interface StackName {
  /** Folder of Pulumi.yaml. */
  readonly root: string;
  readonly name: string;
  /** Another file than `Pulumi.<stack>.yaml`. */
  readonly configFile?: string | undefined;
}

const deadlineMs = 30_000;
const configSchema = z.record(z.string(), z.object({ value: z.string().optional() }));
const dialledSchema = z.object({
  /** `[user@]host[:port]` that was dialled. */
  targetHost: z.string().min(1),
  /** The same with the cloud node's own address. Absent: it is on none, or an older release wrote this. */
  atNode: z.string().min(1).optional(),
  /** Of the last deployment. */
  outcome: z.string().optional(),
});
export type Dialled = z.output<typeof dialledSchema>;
const outputsSchema = z.looseObject({ machines: z.record(z.string(), dialledSchema).optional() });

/**
 * The stack's configuration with its secrets as plain text, which come over a pipe: never an argument, file or message.
 * Structured values are JSON text, as a program gets them. Source: pulumi 3.250, `config --json --show-secrets`.
 * @throws {PulumiCliError}
 */
export async function readDecryptedConfig(stack: StackName, signal: AbortSignal): Promise<Record<string, string>> {
  const file = stack.configFile === undefined ? [] : ["--config-file", path.resolve(stack.configFile)];
  const answer = await ask(stack, ["config", "--json", "--show-secrets", ...file], configSchema, signal);
  return Object.fromEntries(
    Object.entries(answer).flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Machine → what the last update dialled: the stack's output `machines`. @throws {PulumiCliError} */
export async function readDialledHosts(stack: StackName, signal: AbortSignal): Promise<ReadonlyMap<string, Dialled>> {
  const { machines = {} } = await ask(stack, ["stack", "output", "--json"], outputsSchema, signal);
  return new Map(Object.entries(machines));
}

function ask<T extends z.ZodType>(
  { root, name }: StackName,
  args: readonly string[],
  schema: T,
  signal: AbortSignal,
): Promise<z.output<T>> {
  return readAnswer({ root, about: `stack ${name}`, deadlineMs }, stackArgs(name, args), schema, signal);
}

/** What a command of Pulumi's CLI is about, for messages, and how long it may take. */
export interface PulumiRun {
  /** Folder of Pulumi.yaml. */
  readonly root: string;
  readonly about: string;
  readonly deadlineMs: number;
}

/** Runs Pulumi's CLI and parses the JSON that it prints. @throws {PulumiCliError} */
export async function readAnswer<T extends z.ZodType>(
  run: PulumiRun,
  args: readonly string[],
  schema: T,
  signal: AbortSignal,
): Promise<z.output<T>> {
  const answer = schema.safeParse(parseJson(await runPulumi(run, args, signal)));
  if (answer.success) return answer.data;
  throw new PulumiCliError({
    summary: `${run.about}: \`${commandOf(args)}\` gave an answer of another form`,
    expected: "what Pulumi 3.250 prints",
    found: z.prettifyError(answer.error),
    at: run.root,
    fix: "use a version of Pulumi that this project was tested with",
  });
}

/** @returns undefined for what is no JSON: the parser's message quotes the text, which may hold secrets. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What Pulumi's CLI is called with: a command that asks nothing, in a project. */
export function pulumiArgs(root: string, args: readonly string[]): readonly string[] {
  return [...args, "--cwd", root, "--non-interactive", "--color", "never"];
}

/** A question about one stack. */
export function stackArgs(name: string, args: readonly string[]): readonly string[] {
  return [...args, "--stack", name];
}

/** Runs Pulumi's CLI without anybody to answer questions. @returns its stdout. @throws {PulumiCliError} */
export async function runPulumi(run: PulumiRun, args: readonly string[], signal: AbortSignal): Promise<string> {
  try {
    const asked = promisify(execFile)("pulumi", pulumiArgs(run.root, args), {
      signal,
      timeout: run.deadlineMs,
      maxBuffer: 64 * 2 ** 20,
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    asked.child.stdin?.end();
    return (await asked).stdout;
  } catch (error) {
    signal.throwIfAborted();
    throw noAnswer(run, args, reasonOf(error, run.deadlineMs));
  }
}

function noAnswer({ root, about }: PulumiRun, args: readonly string[], found: string): PulumiCliError {
  const ErrorClass = missingStack(found) === undefined ? PulumiCliError : MissingStackError;
  return new ErrorClass({
    summary: `${about}: \`${commandOf(args)}\` failed`,
    expected: "Pulumi's CLI, with access to the stack's state and secrets",
    found,
    at: root,
    fix: fixOf(found),
  });
}

function commandOf(args: readonly string[]): string {
  return ["pulumi", ...args.slice(0, 2).filter((arg) => !arg.startsWith("-"))].join(" ");
}

/** Source: pulumi 3.250, pkg/backend/backenderr/backenderr.go; its exit code is that of every other error. */
function missingStack(found: string): string | undefined {
  return /^no stack named '(.*)' found/.exec(found)?.[1];
}

function fixOf(found: string): string {
  if (found === noProgram) return "install Pulumi's CLI, or put it into PATH";
  if (/currently locked/.test(found))
    return "wait for the other run; where it was killed, `pulumi cancel --stack <stack>` removes its lock";
  const missing = missingStack(found);
  if (missing !== undefined) return `pulumi stack init ${missing}, or log in where it is (PULUMI_BACKEND_URL)`;
  return "log in where the state is (PULUMI_BACKEND_URL) and give the passphrase (PULUMI_CONFIG_PASSPHRASE_FILE)";
}

const noProgram = "no `pulumi` in PATH";

/** Of stderr alone: stdout may hold secrets. */
function reasonOf(error: unknown, deadlineMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return noProgram;
  if ("killed" in error && error.killed === true) return `no end within ${deadlineMs / 1000} s`;
  const stderr = "stderr" in error && typeof error.stderr === "string" ? error.stderr : "";
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return (
    lines
      .find((line) => line.startsWith("error:"))
      ?.slice("error:".length)
      .trim() ??
    lines.at(-1) ??
    "it failed"
  ).slice(0, 500);
}
