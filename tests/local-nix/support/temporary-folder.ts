import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A folder of its own below the system's temporary one; removed with its contents on disposal. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await realpath(await mkdtemp(join(tmpdir(), "local-nix-"))));
  }

  /** Writes files by relative path and returns the folder's path. */
  async write(files: Readonly<Record<string, string>>): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.path, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    return this.path;
  }

  async executable(path: string, text: string): Promise<string> {
    await this.write({ [path]: text });
    await chmod(join(this.path, path), 0o755);
    return join(this.path, path);
  }

  async git(...args: readonly string[]): Promise<string> {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
    return (await run("git", [...identity, ...args], { cwd: this.path })).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Runs `work` with another PATH. Only for tests that do not run beside others in this process. */
export async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = process.env["PATH"];
  process.env["PATH"] = path;
  try {
    return await work();
  } finally {
    process.env["PATH"] = before;
  }
}

/**
 * A folder for PATH whose `nix` writes one line per call to `calls` and then runs the real one.
 * @returns the PATH to use and a function that reads the calls since the last reading.
 */
export async function countingNix(
  folder: TemporaryFolder,
  extraOptions = "",
): Promise<{ path: string; calls: () => Promise<string[]> }> {
  const { stdout } = await run("sh", ["-c", "command -v nix"]);
  const log = join(folder.path, "calls");
  await writeFile(log, "");
  await folder.executable(
    "bin/nix",
    `#!/bin/sh\nprintf '%s\\n' "$3 $4" >> '${log}'\nexec '${stdout.trim()}' ${extraOptions} "$@"\n`,
  );
  return {
    path: `${join(folder.path, "bin")}:${process.env["PATH"]}`,
    calls: async () => {
      const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
      await writeFile(log, "");
      return lines;
    },
  };
}

/**
 * A folder for PATH whose `nix` answers every command with the same text, after it has waited a moment.
 * @returns the PATH to use, and a function that tells how many ran at the same time at most.
 */
export async function slowNix(
  folder: TemporaryFolder,
  answer: string,
): Promise<{ path: string; mostAtOnce: () => Promise<number> }> {
  const log = join(folder.path, "running");
  await folder.executable(
    "bin/nix",
    `#!/bin/sh
[ "$1" != --version ] || exec echo 'nix (Nix) 2.26.3'
echo 1 >>'${log}'
sleep 0.2
echo -1 >>'${log}'
echo '${answer}'
`,
  );
  const mostAtOnce = async (): Promise<number> => {
    let [now, most] = [0, 0];
    for (const step of (await readFile(log, "utf8")).split("\n")) {
      now += Number(step);
      most = Math.max(most, now);
    }
    return most;
  };
  return { path: `${join(folder.path, "bin")}:${process.env["PATH"]}`, mostAtOnce };
}
