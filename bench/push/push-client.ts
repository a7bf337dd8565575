import { monitorEventLoopDelay } from "node:perf_hooks";
import { HostSession } from "../../deploy/host-session.ts";
import { ConnectionPool } from "../../deploy/ssh/connection-pool.ts";
import { pushPaths } from "../../deploy/store/push-closure.ts";
import { type ClientAnswer, type ClientRequest, clientRequestSchema } from "./client-messages.ts";

// The engine in a process of its own, as Pulumi's program has it loaded: its start is not part of a push.
const pool = new ConnectionPool();
const ignore = (): void => undefined;

async function push({ spec, wanted, fresh, compress }: ClientRequest): Promise<ClientAnswer> {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  const rssBefore = process.memoryUsage.rss();
  delays.enable();
  const start = performance.now();
  const signal = AbortSignal.timeout(600_000);
  const run = async (connections: ConnectionPool): ReturnType<typeof pushPaths> => {
    const session = new HostSession(connections, spec, 60, ignore);
    return await pushPaths(session, wanted, { deadlineSeconds: 600, compress }, ignore, signal);
  };
  const { paths, bytes, bytesSent, roundTrips, backend } = await (async () => {
    if (!fresh) return await run(pool);
    await using own = new ConnectionPool();
    return await run(own);
  })();
  const seconds = (performance.now() - start) / 1000;
  delays.disable();
  return {
    seconds,
    rssBeforeBytes: rssBefore,
    loopDelayMs: { p99: delays.percentile(99) / 1e6, max: delays.max / 1e6 },
    result: { paths, bytes, bytesSent: bytesSent ?? null, roundTrips: roundTrips ?? null, backend },
  };
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
