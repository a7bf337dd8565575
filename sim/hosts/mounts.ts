import { readFile } from "node:fs/promises";
import { runCommand } from "./run-command.ts";

export interface Mount {
  readonly target: string;
  readonly type: string;
}

/** Mounts of this process' mount namespace, in the order they were made. Source: proc_pid_mountinfo(5). */
export async function listMounts(): Promise<readonly Mount[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const fields = line.split(" ");
      const type = fields[fields.indexOf("-") + 1] ?? "";
      // Space, tab, newline and backslash are written as three octal digits.
      const target = (fields[4] ?? "").replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 8)),
      );
      return { target, type };
    });
}

/** Mounts at or below a directory. */
export async function mountsBelow(directory: string): Promise<readonly Mount[]> {
  return (await listMounts()).filter(({ target }) => target === directory || target.startsWith(`${directory}/`));
}

/** Unmounts everything at or below a directory, the last made first. */
export async function unmountBelow(directory: string, signal: AbortSignal): Promise<void> {
  for (const { target } of (await mountsBelow(directory)).toReversed())
    await runCommand("umount", ["--", target], {}, signal);
}
