import { withoutOperatorSecrets } from "../../local-nix/operator-secrets.ts";
import { type ProcessResult, runProcess } from "../../local-nix/run-process.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Report } from "../../report.ts";
import { InstallationFailedError, NixosAnywhereMissingError } from "./errors.ts";
import type { InstallationPhase } from "./installation-facts.ts";

/** One phase, as `nixos-anywhere` is told it. */
export interface PhaseCall {
  readonly phase: InstallationPhase;
  readonly diskoScript: StorePath;
  readonly toplevel: StorePath;
  /** On 127.0.0.1, where the machine's sshd answers. */
  readonly port: number;
  readonly user: string;
  /** Private key without a passphrase; absent: what the agent has. */
  readonly identityFile?: string | undefined;
  /** Folder whose content comes over the installed root. */
  readonly extraFiles?: string | undefined;
  /** Path in the installer → local file; for disks that are encrypted. */
  readonly diskKeys?: Readonly<Record<string, string>> | undefined;
  /** File for the hardware report. */
  readonly hardwareReport?: string | undefined;
  /** Installer's archive instead of the released one. */
  readonly kexec?: string | undefined;
}

/**
 * The operator's own configuration for 127.0.0.1 does not count: the way is ours. Host keys are not checked by the tool,
 * whatever is said here; what it reaches through the port is pinned. No option holds white space: Nix splits there.
 * Source: nixos-anywhere 1.13, src/nixos-anywhere.sh.
 */
const sshOptions = ["ProxyCommand=none", "ProxyJump=none", "ControlPath=none", "ForwardAgent=no", "LogLevel=ERROR"];

/** Arguments for one phase. */
export function phaseArguments(call: PhaseCall): readonly string[] {
  const { phase, diskoScript, toplevel, port, user, identityFile, extraFiles, diskKeys, hardwareReport, kexec } = call;
  return [
    ...["--store-paths", diskoScript, toplevel],
    ...["--phases", phase],
    ...["--ssh-port", String(port), "--post-kexec-ssh-port", String(port)],
    ...sshOptions.flatMap((option) => ["--ssh-option", option]),
    ...(identityFile === undefined ? [] : ["-i", identityFile]),
    ...(kexec === undefined || phase !== "kexec" ? [] : ["--kexec", kexec]),
    ...(hardwareReport === undefined ? [] : ["--generate-hardware-config", "nixos-facter", hardwareReport]),
    ...(extraFiles === undefined || phase !== "install" ? [] : ["--extra-files", extraFiles]),
    ...(phase !== "disko" ? [] : Object.entries(diskKeys ?? {}).flatMap((pair) => ["--disk-encryption-keys", ...pair])),
    ...["--target-host", `${user}@127.0.0.1`],
  ];
}

export interface PhaseRun {
  readonly machine: string;
  /** Program, and arguments before ours. */
  readonly command: readonly [string, ...string[]];
  readonly deadlineSeconds: number;
}

/**
 * Runs one phase to its end, or to the deadline: the tool's own waits have none.
 * @throws {InstallationFailedError} with its last words. @throws {NixosAnywhereMissingError}
 */
export async function runPhase(run: PhaseRun, call: PhaseCall, report: Report, signal: AbortSignal): Promise<void> {
  const { machine, command, deadlineSeconds } = run;
  const [file, ...before] = command;
  const env = withoutOperatorSecrets();
  const onStderrLine = (message: string): void => {
    if (message.trim() !== "") report({ level: "debug", subject: machine, phase: call.phase, message });
  };
  const args = [...before, ...phaseArguments(call)];
  const limits = { deadlineMs: deadlineSeconds * 1000, graceMs: 5_000, maxStdoutBytes: 64 * 1024 * 1024 };
  const result = await runProcess({ file, args, env, ...limits, onStderrLine }, signal).catch((error: unknown) => {
    throw missing(error) ? notFound(machine, file, error) : error;
  });
  signal.throwIfAborted();
  if (result.exitCode !== 0) throw phaseFailed(run, call, result);
}

function phaseFailed({ machine, deadlineSeconds }: PhaseRun, { phase }: PhaseCall, result: ProcessResult): Error {
  const words = result.stderr.trim().split("\n").slice(-8).join("\n").slice(-2_000);
  const ending =
    result.killed === "deadline" ? `no end after ${deadlineSeconds} s` : `exit code ${result.exitCode ?? "none"}`;
  return new InstallationFailedError({
    summary: `${machine}: phase ${phase} of the installation failed`,
    expected: `nixos-anywhere --phases ${phase} to end well`,
    found: [ending, ...(words === "" ? [] : [words])].join(": "),
    at: `nixos-anywhere on ${machine}`,
    fix: "correct what it says; the next run goes on from where the machine stands",
  });
}

function missing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES");
}

function notFound(machine: string, file: string, cause: unknown): NixosAnywhereMissingError {
  return new NixosAnywhereMissingError(
    {
      summary: `${machine}: nixos-anywhere is needed to install it`,
      expected: `a program ${file}`,
      found: cause instanceof Error ? cause.message : String(cause),
      at: "PATH, or pulumi-clan:nixosAnywhere",
      fix: "run inside `nix shell nixpkgs#nixos-anywhere`, or name the program in pulumi-clan:nixosAnywhere",
    },
    { cause },
  );
}
