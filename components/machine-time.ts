import type { SystemClosure } from "../providers/system-closure.ts";
import type { MachineTime } from "../stack/times.ts";
import type { Place } from "./place.ts";
import { endOf } from "./tolerate-failure.ts";
import { valueAlone } from "./value-alone.ts";

/** Unix seconds of this program's start: what was deployed before it is of an earlier run. */
const since = Math.floor(Date.now() / 1000 - process.uptime());

/**
 * How long the deployment of one machine took; undefined: this run did not deploy to it, as to one without a difference.
 * @param turn - when it could begin. Default: at once.
 */
export async function timeOf(
  machine: string,
  closure: SystemClosure,
  turn: Place["turn"] | undefined,
): Promise<MachineTime | undefined> {
  if ((await turn) != null) return undefined;
  const began = performance.now();
  // A failed resource gives no outputs: of it only is known when it ended.
  if ((await endOf(closure)) === "failed")
    return { machine, seconds: (performance.now() - began) / 1000, failed: true };
  const { deployedAt, seconds, took } = closure;
  const [at, whole, times] = await Promise.all([valueAlone(deployedAt), valueAlone(seconds), valueAlone(took)]);
  if (at == null || whole === undefined || at < since) return undefined;
  return { machine, seconds: whole, times: times ?? undefined };
}
