import { spawn } from "node:child_process";
import { VarsMissingError } from "../clan/vars/errors.ts";

/** What clan's own command shall generate. */
export interface ClanGeneration {
  /** Folder of the flake. */
  readonly dir: string;
  readonly machines: readonly string[];
  /** Only these; empty: all. */
  readonly generator: readonly string[];
  readonly regenerate: boolean;
}

/**
 * Arguments of `clan`, of one run after another: it takes one `--generator`, and of several the last one alone.
 * Source: clan-core 26.05, `clan_cli/vars/generate.py`; `--flake` is every subcommand's own.
 */
export function clanArguments({ dir, machines, generator, regenerate }: ClanGeneration): readonly string[][] {
  const runs = generator.length === 0 ? [[]] : generator.map((name) => ["--generator", name]);
  const again = regenerate ? ["--regenerate"] : [];
  return runs.map((only) => ["vars", "generate", "--flake", dir, ...only, ...again, ...machines]);
}

/**
 * Runs `clan vars generate` in this terminal: its generators ask questions of their own. It is kept from committing.
 * @throws {VarsMissingError} it is not there, or failed; what it generated before stays. @throws the caller's reason, once
 * the command has ended as well.
 */
export async function runClan(generation: ClanGeneration, signal: AbortSignal): Promise<void> {
  for (const args of clanArguments(generation)) {
    signal.throwIfAborted();
    const end = await runOnce(args, signal);
    signal.throwIfAborted();
    if (end !== undefined) throw didNotEnd(args, end);
  }
}

/** Time that an interrupted generator has for leaving nothing half done. */
const graceMs = 20_000;

/** @returns how it failed. */
async function runOnce(args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  // Source: clan-core 26.05, `clan_lib/git`: with it files are only added with intent, and never committed.
  const env = { ...process.env, CLAN_NO_COMMIT: "1" };
  const child = spawn("clan", args, { stdio: "inherit", env });
  let grace: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    // A terminal has interrupted it as well as us: a second time would cut its cleaning up short.
    if (process.stdin.isTTY !== true) child.kill("SIGINT");
    grace = setTimeout(() => child.kill("SIGKILL"), graceMs);
  };
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      child.once("close", (code, killed) => resolve(code === 0 ? undefined : `exit code ${code ?? killed}`));
      child.once("error", (error) => {
        if ("code" in error && error.code === "ENOENT") resolve("no such program");
        else reject(error);
      });
    });
  } finally {
    signal.removeEventListener("abort", interrupt);
    clearTimeout(grace);
  }
}

function didNotEnd(args: readonly string[], found: string): VarsMissingError {
  return new VarsMissingError({
    summary: "clan's generators did not run to their end",
    expected: "exit code 0",
    found,
    at: `clan ${args.join(" ")}`,
    fix:
      found === "no such program"
        ? "get the command from clan-core (its flake's package clan-cli), or use --with builtin where its generators are enough"
        : "see what it said above; what was generated before stays, and the next run goes on",
  });
}
