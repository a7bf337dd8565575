import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Names one `pulumi` command: the same for the preview and the update of one `up`, and for no other run.
 * Each phase has a language host of its own, so the program's parent differs; its grandparent is the CLI (seen with
 * engine 3.250). The start time keeps a recycled process id from matching. Undefined where it cannot be told.
 */
export async function runIdentity(parent: number = process.ppid): Promise<string | undefined> {
  const cli = (await ps(parent, "ppid="))?.trim();
  if (cli === undefined || cli === "" || cli === "0" || cli === "1") return undefined;
  const started = (await ps(Number(cli), "lstart="))?.trim();
  return started === undefined || started === "" ? undefined : `${cli} ${started}`;
}

/** Source: ps(1), POSIX.1-2024 `-o ppid=`; `lstart` is in procps and in macOS' ps. */
async function ps(pid: number, column: string): Promise<string | undefined> {
  try {
    const { stdout } = await run("ps", ["-o", column, "-p", String(pid)], {
      timeout: 5_000,
      env: { ...process.env, LC_ALL: "C" },
    });
    return stdout;
  } catch {
    return undefined; // no ps, or no such process: the two phases cannot be compared, and nothing else depends on it
  }
}
