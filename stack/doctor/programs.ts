import { runProcess } from "../../local-nix/run-process.ts";

/** What came of asking a program about itself. */
export type ProgramAnswer =
  | { readonly kind: "answered"; readonly text: string }
  /** It failed, or said nothing in time. */
  | { readonly kind: "failed"; readonly said: string }
  /** Not on PATH. */
  | { readonly kind: "missing" };

/** Runs a program that changes nothing, for 15 s at most. */
export async function askProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
  cwd?: string,
): Promise<ProgramAnswer> {
  const request = {
    file,
    args,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    deadlineMs: 15_000,
    graceMs: 500,
    maxStdoutBytes: 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
  };
  try {
    const { exitCode, stdout, stderr, killed } = await runProcess(request, signal);
    // OpenSSH says its version on stderr.
    if (exitCode === 0) return { kind: "answered", text: stdout.trim() || stderr.trim() };
    return { kind: "failed", said: lastLine(stderr) ?? (killed === undefined ? "nothing" : "nothing within 15 s") };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES"))
      return { kind: "missing" };
    throw error;
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split("\n").at(-1) || undefined;
}

/** Whether the first version in a text is `least` or later. */
export function isAtLeast(text: string, [major, minor]: readonly [number, number]): boolean {
  const [, foundMajor, foundMinor] = /(\d+)\.(\d+)/.exec(text) ?? [];
  if (foundMajor === undefined) return false;
  return Number(foundMajor) > major || (Number(foundMajor) === major && Number(foundMinor) >= minor);
}
