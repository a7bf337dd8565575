import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cache, folder, SetupError } from "./context.mjs";

/** A line of output for people; stdout, since it is what `npm run setup` answers. @param {string} line */
export function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}

/** @param {string} log @param {number} count */
function lastLines(log, count) {
  const lines = readFileSync(log, "utf8")
    .trimEnd()
    .split(/[\r\n]+/);
  return lines.slice(-count);
}

/**
 * Runs a long command; its output goes to `<cache>/logs/<log>.log`, a line tells every 15 s how far it is.
 * @param {readonly [string, ...string[]] | readonly string[]} command
 * @param {{ log: string, append?: boolean, cwd?: string, env?: Record<string, string>, deadlineSeconds: number, group?: boolean }} options
 *   `group`: the deadline ends the command's children too (it then does not hear the terminal's ^C).
 * @throws {SetupError} when it fails or does not end in time.
 */
export async function run(command, { log, append = false, cwd, env = {}, deadlineSeconds, group = false }) {
  const path = join(folder(join(cache, "logs")), `${log}.log`);
  const output = openSync(path, append ? "a" : "w");
  const [program = "", ...args] = command;
  const started = Date.now();
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
    detached: group,
  });
  closeSync(output);
  const stop = () => (group && child.pid !== undefined ? process.kill(-child.pid, "SIGTERM") : child.kill());
  const progress = setInterval(() => {
    const elapsed = Math.round((Date.now() - started) / 1000);
    say(`  … ${elapsed} s: ${(lastLines(path, 1)[0] ?? "").slice(0, 100)}`);
  }, 15_000);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    stop();
  }, deadlineSeconds * 1000);
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  const interrupted = (/** @type {NodeJS.Signals} */ signal) => {
    stop();
    process.exit(signal === "SIGINT" ? 130 : 143); // the half-done build stays in its temporary folder, the lock goes
  };
  for (const signal of signals) process.once(signal, interrupted);
  try {
    const failure = await new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(code === 0 ? undefined : `exit ${code ?? signal}`));
    });
    if (failure === undefined) return;
    const why = late ? `it did not end within ${deadlineSeconds} s` : failure;
    const tail = lastLines(path, 15).map((line) => `  | ${line}`);
    throw new SetupError(
      `\`${command.join(" ").slice(0, 120)}\` failed`,
      why,
      `its last lines, all of them in ${path}:\n${tail.join("\n")}`,
    );
  } finally {
    clearInterval(progress);
    clearTimeout(deadline);
    for (const signal of signals) process.off(signal, interrupted);
  }
}
