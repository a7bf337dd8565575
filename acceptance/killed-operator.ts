import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { DeploymentRequest } from "../deploy/deploy-machine.ts";
import type { FleetEvent } from "../report.ts";

const program = fileURLToPath(new URL("./operator.ts", import.meta.url));

const eventSchema = z.object({
  level: z.enum(["debug", "info", "warning"]),
  phase: z.string(),
  message: z.string(),
});

/**
 * Deploys in a process of its own, and kills it with SIGKILL at the first event that `when` accepts.
 * @returns that event. @throws {Error} when the deployment ended before.
 */
export async function killDuring(
  request: DeploymentRequest,
  when: (event: FleetEvent) => boolean,
  signal: AbortSignal,
): Promise<FleetEvent> {
  signal.throwIfAborted();
  const operator = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "pipe"] });
  const closed = once(operator, "close");
  const kill = (): void => void operator.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  let said = "";
  operator.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2_000);
  });
  operator.stdin.on("error", () => undefined); // it ended before it read, and `said` has why
  operator.stdin.end(JSON.stringify(request));
  try {
    for await (const line of createInterface({ input: operator.stdout })) {
      const event = eventSchema.parse(JSON.parse(line));
      if (when(event)) return event;
      said = line;
    }
    signal.throwIfAborted();
    throw new Error(`the operator's process ended before it could be killed: ${said}`);
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
    await closed;
  }
}
