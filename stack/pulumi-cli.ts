import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { FleetError } from "../errors.ts";

/** Pulumi's CLI does not say what only it can know of a stack: it is not there, the state is not, or a passphrase is missing. */
export class PulumiCliError extends FleetError {
  readonly code = "FLEET_PULUMI_CLI";
}

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
const outputsSchema = z.looseObject({
  machines: z.record(z.string(), z.looseObject({ targetHost: z.string().min(1) })).optional(),
});

/**
 * The stack's configuration with its secrets as plain text, which come over a pipe: never an argument, file or message.
 * Structured values are JSON text, as a program gets them. Source: pulumi 3.250, `config --json --show-secrets`.
 * @throws {PulumiCliError}
 */
export async function readDecryptedConfig(stack: StackName, signal: AbortSignal): Promise<Record<string, string>> {
  const file = stack.configFile === undefined ? [] : ["--config-file", path.resolve(stack.configFile)];
  const answer = configSchema.parse(await ask(stack, ["config", "--json", "--show-secrets", ...file], signal));
  return Object.fromEntries(
    Object.entries(answer).flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value]])),
  );
}

const stateSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z
      .array(z.looseObject({ type: z.string(), outputs: z.unknown().optional() }))
      .nullish()
      .transform((resources) => resources ?? []),
  }),
});

/**
 * The resources of the stack's state; what is secret in it stays encrypted. A stack that nobody has made yet has none.
 * @throws {PulumiCliError}
 */
export async function readStateResources(
  stack: StackName,
  signal: AbortSignal,
): Promise<readonly { readonly type: string; readonly outputs?: unknown }[]> {
  try {
    return stateSchema.parse(await ask(stack, ["stack", "export"], signal)).deployment.resources;
  } catch (error) {
    // Source: pulumi 3.250, pkg/backend/backenderr/backenderr.go; its exit code is that of every other error.
    if (error instanceof PulumiCliError && /^no stack named '.*' found/.test(error.facts.found)) return [];
    throw error;
  }
}

/** Machine → `[user@]host[:port]` that the last update dialled: the stack's output `machines`. @throws {PulumiCliError} */
export async function readDialledHosts(stack: StackName, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { machines = {} } = outputsSchema.parse(await ask(stack, ["stack", "output", "--json"], signal));
  return new Map(Object.entries(machines).map(([machine, { targetHost }]) => [machine, targetHost]));
}

async function ask({ root, name }: StackName, args: readonly string[], signal: AbortSignal): Promise<unknown> {
  const stdout = await runPulumi({ root, about: `stack ${name}`, deadlineMs }, [...args, "--stack", name], signal);
  try {
    return JSON.parse(stdout);
  } catch {
    // The parser's message quotes the answer, which may hold secrets.
    throw noAnswer({ root, about: `stack ${name}` }, args, "an answer that is no JSON");
  }
}

/** What a command of Pulumi's CLI is about, for messages, and how long it may take. */
export interface PulumiRun {
  /** Folder of Pulumi.yaml. */
  readonly root: string;
  readonly about: string;
  readonly deadlineMs: number;
}

/** Runs Pulumi's CLI without anybody to answer questions. @returns its stdout. @throws {PulumiCliError} */
export async function runPulumi(run: PulumiRun, args: readonly string[], signal: AbortSignal): Promise<string> {
  const command = ["--cwd", run.root, "--non-interactive", "--color", "never"];
  try {
    const asked = promisify(execFile)("pulumi", [...args, ...command], {
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

function noAnswer(
  { root, about }: Pick<PulumiRun, "root" | "about">,
  args: readonly string[],
  found: string,
): PulumiCliError {
  const words = args.slice(0, 2).filter((arg) => !arg.startsWith("-"));
  const locked = /currently locked/.test(found);
  return new PulumiCliError({
    summary: `${about}: \`pulumi ${words.join(" ")}\` failed`,
    expected: "Pulumi's CLI, with access to the stack's state and secrets",
    found,
    at: root,
    fix: locked
      ? "wait for the other run; where it was killed, `pulumi cancel --stack <stack>` removes its lock"
      : "log in where the state is (PULUMI_BACKEND_URL) and give the passphrase (PULUMI_CONFIG_PASSPHRASE_FILE)",
  });
}

/** Of stderr alone: stdout may hold secrets. */
function reasonOf(error: unknown, deadlineMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "ENOENT") return "no `pulumi` in PATH";
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
