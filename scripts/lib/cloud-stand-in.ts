import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { StandInPorts } from "../../sim/gcp/stand-in-environment.ts";

const startDeadlineMs = 30_000;
const stopDeadlineMs = 15_000;

/** The stand-in for Google's cloud, running: its ports, and its end. */
export interface CloudStandIn extends StandInPorts, AsyncDisposable {}

/**
 * Starts `node sim/gcp/main.ts`, whose first line on stdout are its ports. It boots hosts, so it runs as root where that
 * goes without a password. It has a process group of its own: the terminal's ^C is for the CLI, which still needs the
 * cloud to finish what it began. It ends with SIGTERM, or when its stdin closes because this process died.
 * @param checkout - folder of the project @param simulation - folder of the simulated hosts, for the log
 */
export async function startCloudStandIn(checkout: string, simulation: string): Promise<CloudStandIn> {
  await mkdir(simulation, { recursive: true });
  const log = join(simulation, "gcp.log");
  const output = openSync(log, "w");
  const program = [process.execPath, join(checkout, "sim", "gcp", "main.ts")];
  const [command = "", ...args] = [...rootPrefix(), ...program];
  const child = spawn(command, args, { cwd: checkout, stdio: ["pipe", "pipe", output], detached: true });
  closeSync(output);
  const { stdin } = child;
  stdin?.on("error", () => stdin.destroy()); // it ended first: nothing is owed to it
  try {
    return { ...(await readPorts(child)), [Symbol.asyncDispose]: () => stop(child) };
  } catch (cause) {
    await stop(child);
    const said = (await readFile(log, "utf8")).trim().split("\n").slice(-10).join("\n");
    throw new Error(`the stand-in for the cloud did not start (${log}):\n${said}`, { cause });
  }
}

/** `sudo -n` for users who may; as it is otherwise: previews need no root. */
function rootPrefix(): readonly string[] {
  if (process.getuid?.() === 0 || spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status !== 0) return [];
  return ["sudo", "-n", "-E", "env", `PATH=${process.env["PATH"]}`, `HOME=${process.env["HOME"]}`];
}

async function readPorts(child: ChildProcess): Promise<StandInPorts> {
  if (child.stdout === null) throw new Error("no stdout");
  const lines = createInterface({ input: child.stdout });
  const signal = AbortSignal.timeout(startDeadlineMs);
  const ended = once(child, "close", { signal }).then(() => undefined);
  const line = once(lines, "line", { signal }).then(([first]: unknown[]) => String(first));
  const failed = once(child, "error", { signal }).then(([error]: unknown[]) => Promise.reject(error));
  const first = await Promise.race([line, ended, failed]);
  const [port = 0, restPort = 0, ...others] = (first ?? "").split(" ").map(Number);
  if (![port, restPort].every((one) => Number.isInteger(one) && one > 0) || others.length > 0)
    throw new Error(`expected two ports on the first line, found ${first ?? "the end"}`);
  child.stdout.resume(); // what else it prints must not fill the pipe
  return { port, restPort };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.stdin?.end();
  endGroup(child.pid, "TERM");
  const late = setTimeout(() => endGroup(child.pid ?? 0, "KILL"), stopDeadlineMs);
  await ended;
  clearTimeout(late);
}

/** Through kill(1), for the group may be root's. */
function endGroup(pid: number, signal: "TERM" | "KILL"): void {
  const [command = "", ...args] = [...rootPrefix(), "kill", `-${signal}`, "--", `-${pid}`];
  spawnSync(command, args, { stdio: "ignore" });
}
