import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostKind, type HostSpec, hostSpec, type Loader } from "../../../sim/hosts/host-spec.ts";
import { type SimState, simState } from "../../../sim/hosts/sim-state.ts";
import { bringDown } from "../../../sim/hosts/simulation.ts";

/** A simulation of a test's own: other folder, other names, other addresses than a user's. */
export interface OwnSimulation extends AsyncDisposable {
  readonly state: SimState;
  host(kind: HostKind, more?: { diskBytes?: number; bootBytes?: number; loader?: Loader }): HostSpec;
}

/** A signal for one step; made when the step begins, for all test files are loaded long before the last one runs. */
export function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

let hosts = 0;

export async function ownSimulation(): Promise<OwnSimulation> {
  const directory = await mkdtemp(join(tmpdir(), "simulation-"));
  const state = simState(directory);
  return {
    state,
    host: (kind, more = {}) => {
      hosts += 1;
      const number = 100 + ((process.pid + hosts) % 150);
      return hostSpec(`t${process.pid.toString(36)}-${hosts}`, kind, `198.51.100.${number}`, more);
    },
    [Symbol.asyncDispose]: async () => {
      await bringDown(state, () => undefined, soon());
      await rm(directory, { recursive: true, force: true });
    },
  };
}
