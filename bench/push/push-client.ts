import { monitorEventLoopDelay } from "node:perf_hooks";
import type { z } from "zod";
import { HostSession } from "../../deploy/host-session.ts";
import { ConnectionPool } from "../../deploy/ssh/connection-pool.ts";
import { type PushResult, pushPaths } from "../../deploy/store/push-closure.ts";
import { type ClientAnswer, clientRequestSchema } from "./client-messages.ts";

// The engine in a process of its own, as Pulumi's program has it loaded: its start is not part of a push.
const pool = new ConnectionPool();
const ignore = (): void => undefined;

async function push(request: z.output<typeof clientRequestSchema>): Promise<ClientAnswer> {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  const rssBefore = process.memoryUsage.rss();
  const rss: number[] = [rssBefore];
  const sampling = setInterval(() => rss.push(process.memoryUsage.rss()), 25);
  delays.enable();
  const start = performance.now();
  const { paths, bytes, bytesSent, roundTrips, backend } = await pushOnce(request);
  const seconds = (performance.now() - start) / 1000;
  delays.disable();
  clearInterval(sampling);
  return {
    seconds,
    rssBeforeBytes: rssBefore,
    rssQuartersBytes: mostInQuarters(rss),
    loopDelayMs: { p99: delays.percentile(99) / 1e6, max: delays.max / 1e6 },
    result: { paths, bytes, bytesSent: bytesSent ?? null, roundTrips: roundTrips ?? null, backend },
  };
}

/** To several stores: the last one's result stands for all. */
async function pushOnce({ spec, wanted, fresh, compress, delta, stores }: z.output<typeof clientRequestSchema>) {
  const signal = AbortSignal.timeout(600_000);
  const run = async (connections: ConnectionPool, store?: string): Promise<PushResult> => {
    const session = new HostSession(connections, spec, 60, ignore);
    const options = { deadlineSeconds: 600, compress, delta, ...(store === undefined ? {} : { store }) };
    return await pushPaths(session, wanted, options, ignore, signal);
  };
  const runFresh = async (store?: string): Promise<PushResult> => {
    await using own = new ConnectionPool();
    return await run(own, store);
  };
  if (!fresh) return run(pool);
  const [first, ...others] = stores;
  const results = await Promise.all([runFresh(first), ...others.map(runFresh)]);
  return results[0];
}

function mostInQuarters(samples: readonly number[]): number[] {
  return [0, 1, 2, 3].map((quarter) => {
    const [from, to] = [quarter, quarter + 1].map((edge) => Math.floor((edge * samples.length) / 4));
    return Math.max(...samples.slice(from, Math.max(to ?? 0, (from ?? 0) + 1)));
  });
}

process.on("message", (message) => {
  push(clientRequestSchema.parse(message)).then(
    (answer) => process.send?.(answer),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on("disconnect", () => {
  pool[Symbol.asyncDispose]().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
process.send?.("ready");
