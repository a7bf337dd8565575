import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FleetError } from "../../../errors.ts";
import { traced } from "../../../trace.ts";

/** The `age` program is needed for a key of its own kind (SSH, plugins), and is not there or failed. */
export class AgeProgramError extends FleetError {
  readonly code = "FLEET_AGE_PROGRAM";
}

/** A key that only the program can use. */
export type ProgramIdentity =
  | { readonly kind: "file"; readonly path: string }
  /** `AGE-PLUGIN-…`; they go over the program's input. */
  | { readonly kind: "lines"; readonly lines: readonly string[] };

/** A plugin may wait for its owner to touch a token. */
const deadlineMs = 120_000;
/** A data key, or a secret file. */
const maxBytes = 8 * 1024 * 1024;

/**
 * Opens a file with `age --decrypt`: SSH keys and plugins are its own.
 * @returns undefined where the key is not one of the file's. @throws {AgeProgramError}
 */
export async function openWithProgram(
  file: Uint8Array,
  identity: ProgramIdentity,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  // For a passphrase or a token's PIN it speaks on the terminal by itself, whatever its own streams are.
  return await traced({ kind: "question", what: "age may ask for a passphrase" }, () => open(file, identity, signal));
}

async function open(file: Uint8Array, identity: ProgramIdentity, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  if (identity.kind === "file") return await run(["--identity", identity.path], file, until);
  // The program has one input, and that is the key's: what is encrypted may lie in a file.
  const folder = await mkdtemp(join(tmpdir(), "pulumi-clan-age-"));
  try {
    const path = join(folder, "encrypted");
    await writeFile(path, file, { mode: 0o600 });
    return await run(["--identity", "-", path], Buffer.from(`${identity.lines.join("\n")}\n`), until);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(args: readonly string[], input: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const child = spawn("age", ["--decrypt", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    signal,
    killSignal: "SIGKILL",
  });
  const chunks: Buffer[] = [];
  let size = 0;
  let words = "";
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) child.kill("SIGKILL");
    else chunks.push(chunk);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString("utf8")).slice(-2_000);
  });
  // It may end before it has read all of its input; how it ended says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(notStarted(error)));
    child.once("close", resolve);
  });
  if (size > maxBytes) throw tooLarge(args);
  if (code === 0) return Buffer.concat(chunks);
  // Source: age 1.2, cmd/age/age.go: "no identity matched any of the recipients".
  if (words.includes("no identity matched")) return undefined;
  throw new AgeProgramError({
    summary: "age could not decrypt with the operator's key",
    expected: "age --decrypt ends with 0",
    found: words.trim().split("\n").at(0) ?? `exit code ${code ?? "none"}`,
    at: `age --decrypt ${args.join(" ")}`,
    fix: "run `age --decrypt` with this key by hand; a key with a passphrase needs a terminal or an agent of its plugin",
  });
}

function tooLarge(args: readonly string[]): AgeProgramError {
  return new AgeProgramError({
    summary: "a secret is larger than what is taken for one",
    expected: `at most ${maxBytes / 2 ** 20} MiB`,
    found: "more",
    at: `age --decrypt ${args.join(" ")}`,
    fix: "a deployment takes 4 MiB of secrets together: bring large files another way, encrypted, with a secret for their key",
  });
}

function notStarted(cause: Error): Error {
  if (!("code" in cause) || cause.code !== "ENOENT") return cause;
  return new AgeProgramError(
    {
      summary: "the operator's key is an SSH key or one of a plugin, and the program `age` is not there",
      expected: "age 1.1 or newer in PATH",
      found: "no such program",
      at: "PATH",
      fix: "install age and the key's plugin, or use an AGE-SECRET-KEY in SOPS_AGE_KEY_FILE",
    },
    { cause },
  );
}
