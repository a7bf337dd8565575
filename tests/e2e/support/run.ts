import { spawn } from "node:child_process";

/** What a command did. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout and stderr as they came. */
  readonly text: string;
}

/** Runs a program with nobody at its input, and without what the tests' own environment says of stacks. @returns also when it failed. */
export function run(
  file: string,
  args: readonly string[],
  cwd: string,
  deadlineSeconds: number,
  environment: Record<string, string> = {},
): Promise<Ended> {
  const { promise, resolve: end, reject } = Promise.withResolvers<Ended>();
  const child = spawn(file, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: deadlineSeconds * 1000,
    env: { ...process.env, PULUMI_CLAN_SIM_STATE: "", PULUMI_BACKEND_URL: "", PULUMI_STACK: "", ...environment },
  });
  const streams = { stdout: "", stderr: "", text: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      streams[name] += chunk;
      streams.text += chunk;
    });
  }
  child.on("error", reject);
  child.on("close", (code, signal) => end({ code: code ?? 255, ...streams, text: streams.text + (signal ?? "") }));
  return promise;
}
