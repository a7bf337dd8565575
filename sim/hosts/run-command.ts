import { spawn } from "node:child_process";
import { CommandError } from "./errors.ts";

export interface CommandOptions {
  /** Default: 60 s. */
  readonly deadlineMs?: number;
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Absent: killed by a signal. */
  readonly exitCode?: number;
}

const maxOutputBytes = 64 * 2 ** 20;

/**
 * Runs a command to its end, whatever its exit code.
 * @throws {CommandError} when it cannot be started, is aborted, passes its deadline or writes more than 64 MiB.
 */
export async function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
  signal: AbortSignal,
): Promise<CommandResult> {
  const { deadlineMs = 60_000, stdin } = options;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const shown = [command, ...args].join(" ");
  const child = spawn(command, args, {
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    signal: limit,
    killSignal: "SIGKILL",
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let bytes = 0;
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxOutputBytes) output[name].push(chunk);
      else child.kill("SIGKILL");
    });
  }
  // A command that does not read its input closes the pipe; its exit code tells the rest.
  child.stdin.on("error", () => child.stdin.destroy());
  child.stdin.end(stdin ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  child.on("error", (cause) => {
    reject(commandError(shown, limit.aborted ? `no end within ${deadlineMs} ms, or aborted` : cause.message, cause));
  });
  child.on("close", (code) => {
    const text = (name: "stdout" | "stderr"): string => Buffer.concat(output[name]).toString();
    if (bytes > maxOutputBytes) reject(commandError(shown, `more than ${maxOutputBytes} bytes of output`));
    else resolve({ stdout: text("stdout"), stderr: text("stderr"), ...(code === null ? {} : { exitCode: code }) });
  });
  return promise;
}

/** Runs a command that has to succeed; gives what it wrote to stdout. @throws {CommandError} */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
  signal: AbortSignal,
): Promise<string> {
  const result = await tryCommand(command, args, options, signal);
  if (result.exitCode === 0) return result.stdout;
  const end = result.exitCode === undefined ? "killed by a signal" : `exit code ${result.exitCode}`;
  throw commandError([command, ...args].join(" "), `${end}: ${result.stderr.trim() || result.stdout.trim()}`);
}

function commandError(shown: string, found: string, cause?: unknown): CommandError {
  const facts = {
    summary: `a command of the simulation failed: ${shown.slice(0, 200)}`,
    expected: "exit code 0",
    found,
    at: shown,
    fix: "the simulation needs root, iproute2, systemd-nspawn, overlayfs and OpenSSH; `npm run setup -- --check` names what is missing",
  };
  return new CommandError(facts, cause === undefined ? undefined : { cause });
}
