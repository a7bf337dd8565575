import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { signalProcess } from "../sim/hosts/processes.ts";

/** How an operator's command ended. */
export interface Ended {
  readonly code: number | null;
  /** stdout and stderr as they came. */
  readonly text: string;
}

/** A command as an operator starts it, which can be killed with all it has started. */
export class Operator {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #text = "";

  constructor(command: readonly [string, ...string[]], cwd: string, env: NodeJS.ProcessEnv) {
    const [file, ...args] = command;
    this.#child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        this.#text += chunk;
      });
    }
    this.#child.once("error", reject);
    this.#child.once("close", (code) => resolve({ code, text: this.#text }));
    this.ended = promise;
  }

  /** SIGKILL for the whole tree. All are stopped first: none starts another one while the rest is being killed. */
  async kill(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    let tree: readonly number[] = [];
    for (;;) {
      const found = await descendants(pid);
      for (const one of found) signalProcess(one, "SIGSTOP");
      if (found.length === tree.length) break;
      tree = found;
    }
    for (const one of tree) signalProcess(one, "SIGKILL");
  }
}

/** A process and all below it. Source: proc_pid_stat(5), field 4 is the parent. */
async function descendants(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
      return "";
    });
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const tree = [root];
  for (const parent of tree) for (const [pid, of] of parents) if (of === parent) tree.push(pid);
  return tree;
}
