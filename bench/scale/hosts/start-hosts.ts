import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { z } from "zod";
import type { Fault } from "./faults.ts";
import { type HostsSummary, hostLinesSchema, type StubHostLine } from "./host-lines.ts";
import type { beginningSchema } from "./host-memory.ts";

export interface HostsRequest {
  readonly count: number;
  /** An existing folder, for the operator's key. */
  readonly folder: string;
  readonly beginning?: z.input<typeof beginningSchema>;
  /** Share of the hosts with a fault. Default 0. */
  readonly fail?: number;
  /** Default: all kinds. */
  readonly faults?: readonly Fault[];
  readonly seed?: number;
  /** Milliseconds that a switch takes. Default 200. */
  readonly switchMs?: number;
}

/** Stub hosts in a process of their own. Disposal ends it. */
export interface RunningHosts extends AsyncDisposable {
  readonly hosts: readonly StubHostLine[];
  readonly pid: number;
  /** Ends them. @throws {Error} they were asked what they have no answer to */
  end(): Promise<HostsSummary>;
}

/** @throws {Error} they do not listen; what they said is in the message. */
export async function startHosts(request: HostsRequest, signal: AbortSignal): Promise<RunningHosts> {
  const { count, folder, beginning, fail, faults = [], seed, switchMs } = request;
  const file = join(folder, "beginning.json");
  if (beginning !== undefined) await writeFile(file, JSON.stringify(beginning));
  const options = [
    ...["--count", String(count), "--folder", folder],
    ...(beginning === undefined ? [] : ["--beginning", file]),
    ...(fail === undefined ? [] : ["--fail", String(fail)]),
    ...faults.flatMap((kind) => ["--fault", kind]),
    ...(seed === undefined ? [] : ["--seed", String(seed)]),
    ...(switchMs === undefined ? [] : ["--switch-ms", String(switchMs)]),
  ];
  const main = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, [main, ...options], { stdio: ["pipe", "pipe", "pipe"], signal });
  const ended = once(child, "close");
  ended.catch(() => undefined); // who waits for it gets it
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-20_000);
  });
  const hosts: StubHostLine[] = [];
  let summary: HostsSummary | undefined;
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = hostLinesSchema.parse(JSON.parse(text));
    if (line.kind === "host") hosts.push(line);
    else if (line.kind === "ready") ready.resolve();
    else summary = line;
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  await Promise.race([ready.promise, ended]);
  if (hosts.length < count || child.pid === undefined) throw new Error(`the stub hosts did not start: ${said}`);
  return {
    hosts,
    pid: child.pid,
    end: async () => {
      await stop();
      if (summary === undefined || summary.strange.length > 0) throw new Error(`the stub hosts ended badly: ${said}`);
      return summary;
    },
    [Symbol.asyncDispose]: stop,
  };
}
