import type { FleetError } from "../errors.ts";
import { NixLimitError, NixMissingError, NixTooOldError } from "./errors.ts";
import { lastErrorBlock, NixError, renderPosition } from "./nix-error.ts";
import { withoutOperatorSecrets } from "./operator-secrets.ts";
import { type ProcessResult, runProcess } from "./run-process.ts";

export interface NixOptions {
  readonly signal: AbortSignal;
  /** Which of Nix' programs. Default: `nix`. */
  readonly program?: "nix" | "nix-store";
  /** Default: 10 minutes. */
  readonly deadlineMs?: number;
  /** Time between SIGTERM and SIGKILL. Default: half a second; a build needs longer to stop its builders. */
  readonly graceMs?: number;
  /** Absent: Nix reads end of file at once, so it can ask nothing. */
  readonly stdin?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Every line of stderr as it comes; `parseNixLogLine` reads the lines of `--log-format internal-json`. */
  readonly onLog?: (line: string) => void;
  /** What the command is for, e.g. `galena: evaluate`; begins the summary of an error. */
  readonly purpose?: string;
}

/** Nix ≥ 2.24 has `nix store add`, `builtins.fetchTree` without experimental feature, and `path-info --json` as a map. */
export const oldestNix: readonly [number, number] = [2, 24];
const oldestText = oldestNix.join(".");
const maxAnswerBytes = 256 * 1024 * 1024;
const defaultDeadlineMs = 10 * 60_000;
// Nix 2.26 does not look at signals while it evaluates calls of functions: there is nothing to wait for.
const defaultGraceMs = 500;
const featureArgs = ["--extra-experimental-features", "nix-command flakes"] as const;

/**
 * Runs `nix` of PATH, or another of its programs, and returns its stdout.
 * @throws {NixMissingError} @throws {NixTooOldError} @throws {NixLimitError} @throws {NixError} with the last `error:` block;
 * the reason of `signal` once the killed process group has ended.
 */
export async function runNix(args: readonly string[], options: NixOptions): Promise<string> {
  await nixVersion(options.signal);
  const result = await spawnNix(options.program === "nix-store" ? args : [...featureArgs, ...args], options);
  const failure = commandFailure(args, result, options);
  if (failure !== undefined) throw failure;
  return result.stdout;
}

const versions = new Map<string, Promise<string>>();

/**
 * The version of `nix` on PATH, e.g. `2.26.3`; asked once per process and PATH.
 * @throws {NixMissingError} @throws {NixTooOldError}
 */
export async function nixVersion(signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const key = process.env["PATH"] ?? "";
  // Not the caller's signal: whoever asks second must not fail because the first one gave up.
  const asked = versions.get(key) ?? askVersion(AbortSignal.timeout(30_000));
  versions.set(key, asked);
  try {
    return await asked;
  } catch (error) {
    versions.delete(key);
    throw error;
  }
}

async function askVersion(signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = await spawnNix(["--version"], { signal, deadlineMs: 30_000 });
  const version = parseNixVersion(stdout);
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  const fits = major > oldestNix[0] || (major === oldestNix[0] && minor >= oldestNix[1]);
  if (version !== undefined && fits) return version;
  throw new NixTooOldError({
    summary: `Nix on PATH is not version ${oldestText} or later`,
    expected: `nix (Nix) ${oldestText} or later`,
    found: stdout.trim() || stderr.trim() || "no answer to `nix --version`",
    at: "nix --version",
    fix: "install a current Nix (https://nixos.org/download), or put a newer one first on PATH",
  });
}

/** `nix (Nix) 2.26.3`, `nix (Determinate Nix 3.6.2) 2.29.0`, `nix (Lix, like Nix) 2.93.0` → the number at the end. */
export function parseNixVersion(text: string): string | undefined {
  return /^nix \([^)]*\) (\d+\.\d+[^\s]*)/m.exec(text)?.[1];
}

async function spawnNix(args: readonly string[], options: NixOptions): Promise<ProcessResult> {
  try {
    const result = await runProcess(
      {
        file: options.program ?? "nix",
        args,
        // An impure flake may read the environment.
        env: { ...withoutOperatorSecrets(), LC_ALL: "C", ...options.env },
        deadlineMs: options.deadlineMs ?? defaultDeadlineMs,
        graceMs: options.graceMs ?? defaultGraceMs,
        maxStdoutBytes: maxAnswerBytes,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
        ...(options.onLog === undefined ? {} : { onStderrLine: options.onLog }),
      },
      options.signal,
    );
    if (result.killed === "aborted") options.signal.throwIfAborted();
    return result;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new NixMissingError(
      {
        summary: "Nix is not installed: there is no `nix` on PATH",
        expected: `Nix ${oldestText} or later on this machine; it evaluates and builds what is deployed`,
        found: `PATH=${process.env["PATH"] ?? ""}`,
        at: "nix --version",
        fix: "install Nix (https://nixos.org/download), or open a shell whose PATH has it",
      },
      { cause: error },
    );
  }
}

function commandFailure(args: readonly string[], result: ProcessResult, options: NixOptions): FleetError | undefined {
  if (result.exitCode === 0 && result.killed === undefined) return undefined;
  const command = renderCommand(args, options.program);
  const subject = options.purpose ?? `nix ${args[0] ?? ""}`;
  if (result.killed !== undefined) return limitError(result.killed, subject, command, options);
  const said = lastErrorBlock(result.stderr);
  // Nobody of ours killed it: on Linux that is mostly the kernel, out of memory.
  const died = "Nix was killed by a signal; is there memory enough?";
  const block = result.exitCode === undefined ? { ...said, message: `${died}\n${said.message}` } : said;
  return new NixError(
    {
      summary: `${subject}: Nix failed`,
      expected: "exit code 0",
      found: block.message,
      at: renderPosition(block) ?? command,
      fix: `correct what the message names; for the whole trace run: ${command} --show-trace`,
    },
    { block, stderr: result.stderr, ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }) },
  );
}

function limitError(
  killed: NonNullable<ProcessResult["killed"]>,
  subject: string,
  command: string,
  options: NixOptions,
): NixLimitError {
  const seconds = Math.round((options.deadlineMs ?? defaultDeadlineMs) / 1000);
  const late = killed !== "too-much-output";
  return new NixLimitError({
    summary: late ? `${subject}: not finished after ${seconds} s` : `${subject}: the answer is too long`,
    expected: late ? `an end within ${seconds} s` : `at most ${maxAnswerBytes} bytes`,
    found: late ? "a process that was still running; it was stopped" : "more; the process was stopped",
    at: command,
    fix: late ? "run the command by hand to see what it waits for" : "run the command by hand and look at its answer",
  });
}

/** A command line to copy into a shell. */
export function renderCommand(args: readonly string[], program: NonNullable<NixOptions["program"]> = "nix"): string {
  const quote = (arg: string): string =>
    /^(?![#=])[\w@%+=:,./^#-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
  return [program, ...args.map(quote)].join(" ");
}
