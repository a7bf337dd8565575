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

/** Arguments of `clan`. Source: clan-core 26.05, `clan vars generate --help`. */
export function clanArguments({ dir, machines, generator, regenerate }: ClanGeneration): readonly string[] {
  return [
    "vars",
    "generate",
    "--flake",
    dir,
    ...generator.flatMap((name) => ["--generator", name]),
    ...(regenerate ? ["--regenerate"] : []),
    ...machines,
  ];
}

/**
 * Runs `clan vars generate` in this terminal: its generators ask questions of their own. It is kept from committing.
 * @throws {VarsMissingError} it is not there, or failed.
 */
export async function runClan(generation: ClanGeneration, signal: AbortSignal): Promise<void> {
  const args = clanArguments(generation);
  // Source: clan-core 26.05, `clan_lib/git`: with it files are only added with intent, and never committed.
  const env = { ...process.env, CLAN_NO_COMMIT: "1" };
  const child = spawn("clan", args, { stdio: "inherit", env, signal });
  const end = await new Promise<string | undefined>((resolve, reject) => {
    child.once("close", (code, killed) => resolve(code === 0 ? undefined : `exit code ${code ?? killed}`));
    child.once("error", (error) => {
      if ("code" in error && error.code === "ENOENT") resolve("no such program");
      else reject(error);
    });
  });
  if (end === undefined) return;
  throw new VarsMissingError({
    summary: "clan's generators did not run to their end",
    expected: "exit code 0",
    found: end,
    at: `clan ${args.join(" ")}`,
    fix: "get the command from clan-core (its flake's package clan-cli), or use --with builtin where its generators are enough",
  });
}
