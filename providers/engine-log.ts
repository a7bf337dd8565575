import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";
import { plainText } from "../errors.ts";
import type { FleetEvent, Report } from "../report.ts";
import { traceWhereAsked } from "../stack/debug-trace.ts";
import { renderProgress, Throughput } from "../stack/progress.ts";
import { StillReporting } from "../stack/still-reporting.ts";
import type { Work } from "../trace.ts";

/** A report that shows on one resource's line, and the means to let go of the engine. */
export interface EngineLog extends AsyncDisposable {
  readonly report: Report;
}

/**
 * Sends events to Pulumi's engine, on the line of `urn`.
 *
 * A dynamic provider's own stdout has no resource, and `pulumi.log` does not reach the engine from a plugin
 * (pulumi#6065), but the engine's address is the plugin's last argument. Progress and details are sent as ephemeral: they
 * show live and leave no line behind. Source: @pulumi/pulumi 3.270, cmd/dynamic-provider/index.js and proto/engine.proto.
 */
export function openEngineLog(urn: string, address: string | undefined = process.argv.at(-1)): EngineLog {
  traceWhereAsked();
  if (address === undefined || !/^[^/]+:\d+$/.test(address)) {
    return { report: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve() }; // called outside of an engine
  }
  const client = new EngineClient(address, grpc.credentials.createInsecure());
  const line = inOrder((event) => send(client, request(urn, event)), 0);
  const pace = new ProgressPace();
  const still = new StillReporting((words) => line.report({ level: "debug", phase: "still", message: words }), {
    concerns: (work) => isOn(urn, work),
  });
  return {
    report: (given) => {
      const event = pace.paced(given, performance.now());
      if (event === undefined) return;
      still.broken();
      line.report(event);
    },
    async [Symbol.asyncDispose]() {
      still[Symbol.dispose]();
      await line.sent();
      client.close();
    },
  };
}

/** The resource is called as its machine, or is the machine's node; what a wave waits for belongs to no machine. */
export function isOn(urn: string, { kind, subject }: Work): boolean {
  const name = urn.slice(urn.lastIndexOf("::") + 2);
  return subject === undefined ? kind === "phase" : subject === name || `${subject}-node` === name;
}

/** Between two words on one phase's progress: more often nobody can read them, and each is a call to the engine. */
const quietMs = 1_000;

/** Progress as words with rate and time left, at a pace that can be read; everything else as it is. */
class ProgressPace {
  readonly #throughput = new Throughput();
  readonly #told = new Map<string, number>();

  /** @returns undefined: too soon after the last word. */
  paced(event: FleetEvent, nowMs: number): FleetEvent | undefined {
    const { progress, subject, phase } = event;
    if (progress === undefined) return event;
    const rate = this.#throughput.rate(event, nowMs);
    const key = JSON.stringify([subject, phase]);
    const last = this.#told.get(key) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - last < quietMs && progress.done < progress.total) return undefined;
    this.#told.set(key, nowMs);
    return { ...event, message: renderProgress(event, rate) };
  }
}

/** A report that hands over one event after the other, and a promise of the last. */
export interface OrderedReport {
  readonly report: Report;
  readonly sent: () => Promise<void>;
}

/**
 * Calls that are under way together arrive in any order, and a script's error would stand below the file it names.
 * A counter is told once in `quietMs` and at its end: every path of a closure would be a line of its own.
 * @param deliver - takes one event; false: nobody listens any more, so that the rest is dropped and not waited for.
 */
export function inOrder(deliver: (event: FleetEvent) => Promise<boolean>, quietMs = 1_000): OrderedReport {
  let last = Promise.resolve(true);
  const toldAt = new Map<string, number>();
  const report: Report = (event) => {
    const { phase, progress } = event;
    if (progress !== undefined) {
      const now = performance.now();
      if (progress.done < progress.total && now - (toldAt.get(phase) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
      toldAt.set(phase, now);
    }
    last = last.then((listening) => listening && deliver(event));
  };
  return { report, sent: () => last.then(() => undefined) };
}

function request(urn: string, event: FleetEvent): engineProto.LogRequest {
  const log = new engineProto.LogRequest();
  log.setSeverity(event.level === "warning" ? engineProto.LogSeverity.WARNING : engineProto.LogSeverity.INFO);
  log.setMessage(plainText(`${event.phase}: ${event.message}`));
  log.setUrn(urn);
  log.setEphemeral(event.level === "debug" || event.progress !== undefined);
  return log;
}

// A log line that the engine does not take is no reason to fail a deployment: the outcome says what happened.
function send(client: EngineClient, log: engineProto.LogRequest): Promise<boolean> {
  return new Promise((resolve) => {
    client.log(log, new grpc.Metadata(), { deadline: Date.now() + 5_000 }, (error) => resolve(error === null));
  });
}
