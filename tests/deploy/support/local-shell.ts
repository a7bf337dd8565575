import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RootShell } from "../../../deploy/root-shell.ts";
import { nameOf, type RemoteCommand } from "../../../deploy/ssh/remote-command.ts";

/** A "host" that is a folder of this machine: our scripts with other places for their state and their programs. */
export interface LocalShell extends RootShell, AsyncDisposable {
  readonly folder: string;
  /** Stands for /nix/var/pulumi-clan. */
  readonly state: string;
  /** First in PATH: what stands here is found before the machine's own. */
  readonly bin: string;
  /** Everything that was sent, as a log would have it: no input of programs. */
  readonly commands: string[];
}

export interface LocalShellOptions {
  /** The only programs there are, by name; default: all of the machine's. */
  readonly programs?: readonly string[];
  /** Shells that read our scripts. Default /bin/sh. */
  readonly sh?: string;
}

const found = (program: string): string => `/usr/bin/${program}`;

export async function localShell(options: LocalShellOptions = {}): Promise<LocalShell> {
  const folder = await mkdtemp(join(tmpdir(), "local-shell-"));
  const state = join(folder, "state");
  const bin = join(folder, "bin");
  await mkdir(bin);
  for (const program of options.programs ?? []) await symlink(found(program), join(bin, program));
  const path = options.programs === undefined ? `${bin}:/usr/bin:/bin` : bin;
  const commands: string[] = [];
  const moved = (text: string): string =>
    text.replaceAll(/^PATH="\/run\/wrappers\/bin:.*"$/gm, `PATH=${path}`).replaceAll("/nix/var/pulumi-clan", state);
  return {
    machine: "galena",
    address: "127.0.0.1",
    port: 22,
    folder,
    state,
    bin,
    commands,
    exec: (command, { stdin }, signal) => {
      commands.push(nameOf(command), JSON.stringify(command));
      const { argv, input } = invocation(command, stdin, options.sh ?? "/bin/sh", moved);
      return run(argv, input, signal);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Puts a program of the test's in front of the machine's. */
export async function addProgram(shell: LocalShell, name: string, text: string): Promise<void> {
  await writeFile(join(shell.bin, name), text);
  await chmod(join(shell.bin, name), 0o755);
}

export async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}

function invocation(
  command: RemoteCommand,
  stdin: string | undefined,
  sh: string,
  moved: (text: string) => string,
): { argv: readonly string[]; input: string } {
  if ("text" in command)
    return { argv: [sh, "-s", "--", ...(command.args ?? []).map(moved)], input: moved(command.text) };
  return { argv: command.map((word) => (word === "/bin/sh" ? sh : moved(word))), input: stdin ?? "" };
}

async function run(
  [program = "", ...args]: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<{ readonly code?: number; readonly stdout: string; readonly stderr: string }> {
  signal.throwIfAborted();
  const child = spawn(program, args, { env: {}, cwd: "/", stdio: ["pipe", "pipe", "pipe"], detached: true });
  const end = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  signal.addEventListener("abort", end, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const texts = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    texts.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    texts.stderr += text;
  });
  child.once("error", reject);
  child.once("close", resolve);
  child.stdin.on("error", () => undefined); // a program that was killed reads nothing
  child.stdin.end(input);
  const code = await promise.finally(() => signal.removeEventListener("abort", end));
  signal.throwIfAborted();
  return { ...(code === null ? {} : { code }), ...texts };
}
