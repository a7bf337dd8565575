import { isRunning } from "./container.ts";
import { isAlive } from "./processes.ts";
import { hostPaths, readRecord, type SimState } from "./sim-state.ts";

/** What `status` shows of one host. */
export interface HostStatus {
  readonly name: string;
  readonly kind: string;
  readonly address: string;
  readonly state: "running" | "off" | "broken";
  readonly bootSeconds?: number;
  readonly console: string;
}

/** The state of a host; undefined: the simulation has none of that name. */
export async function hostStatus(state: SimState, name: string): Promise<HostStatus | undefined> {
  const record = await readRecord(state, name);
  if (record === undefined) return undefined;
  const alive = record.supervisor !== undefined && (await isAlive(record.supervisor));
  const { kind, address } = record.spec;
  const seconds = record.bootSeconds === undefined ? {} : { bootSeconds: record.bootSeconds };
  const now = alive ? "running" : (await isRunning(state, name)) ? "broken" : "off";
  return { name, kind, address, state: now, console: hostPaths(state, name).console, ...seconds };
}
