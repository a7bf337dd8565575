import { join } from "node:path";
import { FleetError, throwGathered } from "../../errors.ts";
import { SimulationError } from "./errors.ts";
import { removeHost } from "./host-removal.ts";
import { exampleHosts, type HostSpec } from "./host-spec.ts";
import { type HostStatus, hostStatus } from "./host-status.ts";
import { hostKeys } from "./keys.ts";
import { mountsBelow } from "./mounts.ts";
import { linkedHosts } from "./network.ts";
import { rootLayers } from "./seed.ts";
import { readRecord, recordedHosts, type SimState } from "./sim-state.ts";
import { startHost } from "./simulated-host.ts";

/** Boots hosts in parallel; those that are up stay as they are. @throws every host's error together. */
export async function bringUp(
  state: SimState,
  specs: readonly HostSpec[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  // Clan generates a machine's vars before the machine exists, a cloud node's too: its key is known before its address.
  await Promise.all(exampleHosts.map(({ name }) => hostKeys(state, name, signal)));
  // Once per kind before the hosts need them at the same moment.
  for (const spec of new Map(specs.map((one) => [`${one.kind} ${one.loader}`, one])).values())
    await rootLayers(state, spec, signal);
  await forEach(specs, async (spec) => {
    const began = performance.now();
    const wasUp = (await hostStatus(state, spec.name))?.state === "running";
    await startHost(spec, signal, state);
    const took = ((performance.now() - began) / 1000).toFixed(1);
    say(`${spec.name}: ${wasUp ? "was up" : `booted in ${took} s`} (${spec.kind}, ${spec.address})`);
  });
}

/** Removes every host of this simulation, recorded or only visible by its mounts and links. @returns how many. */
export async function bringDown(state: SimState, say: (line: string) => void, signal: AbortSignal): Promise<number> {
  const names = await everyHost(state, signal);
  await forEach(
    names.map((name) => ({ name })),
    async ({ name }) => {
      await removeHost(state, name, signal);
      say(`${name}: removed`);
    },
  );
  return names.length;
}

/** Removes hosts and boots them anew with the same specification. @returns how many. */
export async function resetHosts(
  state: SimState,
  names: readonly string[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const chosen = names.length === 0 ? await recordedHosts(state) : names;
  await forEach(
    chosen.map((name) => ({ name })),
    async ({ name }) => {
      const record = await readRecord(state, name).catch(() => undefined); // unreadable: the example's specification will do
      const spec = record?.spec ?? exampleHosts.find((host) => host.name === name);
      if (spec === undefined) throw unknownHost(state, name);
      await removeHost(state, name, signal);
      await startHost(spec, signal, state);
      say(`${name}: as new`);
    },
  );
  return chosen.length;
}

export async function simulationStatus(state: SimState): Promise<readonly HostStatus[]> {
  const all = await Promise.all((await recordedHosts(state)).map((name) => hostStatus(state, name)));
  return all.filter((host) => host !== undefined);
}

async function everyHost(state: SimState, signal: AbortSignal): Promise<readonly string[]> {
  const hosts = join(state.directory, "hosts");
  const mounted = (await mountsBelow(hosts)).map(({ target }) => target.slice(hosts.length + 1).split("/")[0] ?? "");
  const linked = await linkedHosts(state, signal);
  return [...new Set([...(await recordedHosts(state)), ...mounted, ...linked])].filter((name) => name !== "").sort();
}

async function forEach<T extends { readonly name: string }>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const settled = await Promise.allSettled(items.map(work));
  const reasons = settled.flatMap((result): unknown[] => (result.status === "rejected" ? [result.reason] : []));
  throwGathered(reasons.filter((reason) => reason instanceof FleetError));
  if (reasons.length > 0) throw reasons[0];
}

function unknownHost(state: SimState, name: string): SimulationError {
  return new SimulationError({
    summary: `${name}: the simulation has no such host`,
    expected: "a host that was started before, or a machine of the example fleet",
    found: name,
    at: state.directory,
    fix: "npm run sim -- status lists the hosts",
  });
}
