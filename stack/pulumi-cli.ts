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

/** Machine → `[user@]host[:port]` that the last update dialled: the stack's output `machines`. @throws {PulumiCliError} */
export async function readDialledHosts(stack: StackName, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { machines = {} } = outputsSchema.parse(await ask(stack, ["stack", "output", "--json"], signal));
  return new Map(Object.entries(machines).map(([machine, { targetHost }]) => [machine, targetHost]));
}

async function ask({ root, name }: StackName, args: readonly string[], signal: AbortSignal): Promise<unknown> {
  const command = ["--cwd", root, "--stack", name, "--non-interactive", "--color", "never"];
  try {
    const asked = promisify(execFile)("pulumi", [...args, ...command], {
      signal,
      timeout: deadlineMs,
      maxBuffer: 64 * 2 ** 20,
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    asked.child.stdin?.end();
    return JSON.parse((await asked).stdout);
  } catch (error) {
    signal.throwIfAborted();
    throw new PulumiCliError({
      summary: `stack ${name}: \`pulumi ${args.filter((arg) => !arg.startsWith("-")).join(" ")}\` does not answer`,
      expected: "Pulumi's CLI, with access to the stack's state and secrets",
      found: reasonOf(error),
      at: root,
      fix: "log in where the state is (PULUMI_BACKEND_URL) and give the passphrase (PULUMI_CONFIG_PASSPHRASE_FILE)",
    });
  }
}

/** Of stderr alone: stdout may hold secrets. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof SyntaxError) return "an answer that is no JSON"; // its message quotes the answer
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
