import { rm } from "node:fs/promises";
import { join } from "node:path";
import { stopContainer } from "./container.ts";
import type { HostSpec } from "./host-spec.ts";
import { withLock } from "./lock.ts";
import { mountsBelow, unmountBelow } from "./mounts.ts";
import { currentNetwork, removeLink } from "./network.ts";
import { isAlive } from "./processes.ts";
import { hostPaths, readRecord, type SimState, writeRecord } from "./sim-state.ts";

/** Removes whatever is left of a host, also after a crash. Keys stay. */
export async function removeHost(state: SimState, name: string, signal: AbortSignal): Promise<void> {
  await withLock(
    join(state.directory, "locks", name),
    async () => {
      const record = await readRecord(state, name).catch(() => undefined); // unreadable: what is there is found by name
      const supervisor = record?.supervisor;
      const elsewhere = record !== undefined && record.network !== (await currentNetwork());
      // While it lives, the supervisor is the way into the namespace that holds the link.
      if (elsewhere && supervisor !== undefined && (await isAlive(supervisor)))
        await removeLink(name, supervisor.pid, signal);
      await stopContainer(state, name, supervisor, { deadlineMs: 0 }, signal);
      if (!elsewhere) await removeLink(name, undefined, signal);
      const { directory } = hostPaths(state, name);
      await unmountBelow(directory, signal);
      if ((await mountsBelow(directory)).length > 0) throw new Error(`mounts left below ${directory}`);
      await rm(directory, { recursive: true, force: true });
    },
    signal,
  );
}

/** Ends the host's processes and keeps its disk. With no deadline it gets no chance to shut down in order. */
export async function haltHost(
  state: SimState,
  spec: HostSpec,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<void> {
  const record = await readRecord(state, spec.name);
  await stopContainer(state, spec.name, record?.supervisor, { deadlineMs }, signal);
  if (record === undefined) return;
  const { supervisor: _, ...off } = record;
  await writeRecord(state, off);
}
