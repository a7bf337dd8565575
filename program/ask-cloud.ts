import { computeAccess } from "../cloud/gcp/access.ts";
import { computeApi, type InstanceEvent } from "../cloud/gcp/compute-api.ts";
import { GcpApiError } from "../cloud/gcp/errors.ts";
import { renderEnding } from "../cloud/gcp/instance-events.ts";
import type { VmName } from "../cloud/gcp/vm-metadata.ts";
import type { Remark } from "../components/remark.ts";
import type { KnownNode } from "../stack/known-nodes.ts";
import { nodeDrift } from "../stack/node-drift.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import type { Stack } from "../stack/stack.ts";

/** For all nodes together; a cloud that does not answer must not hold up a preview. */
const deadlineMs = 15_000;

/** What the cloud said of a stack's VMs. */
export interface CloudTruth {
  readonly remarks: readonly Remark[];
  /** Machine → VM of the state, as far as it could be asked: without those that are gone, and off where it is. */
  readonly vms: ReadonlyMap<string, KnownNode>;
}

/**
 * Asks the cloud what became of the VMs that the stack's state has. What differs is told on the machine, with what the next
 * update makes of it; a cloud that cannot be asked is told, too.
 * @param vms - machine → VM of the state. @param config - value of one key of the stack, such as `gcp:accessToken`.
 */
export async function askCloud(
  { config: { hosts } }: Stack,
  owned: readonly OwnedMachine[],
  vms: ReadonlyMap<string, KnownNode>,
  config: (key: string) => unknown,
  signal: AbortSignal,
): Promise<CloudTruth> {
  const scope = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const { promise: over, reject } = Promise.withResolvers<never>();
  scope.addEventListener("abort", () => reject(scope.reason), { once: true });
  const api = computeApi(computeAccess({ config, env: process.env }));
  // Who did it is worth a question; credentials that may not ask it are no reason not to say what is.
  const readEvents = async (vm: VmName, instanceId: string): Promise<readonly InstanceEvent[]> => {
    try {
      return await api.readEvents(vm, instanceId, scope);
    } catch (error) {
      if (error instanceof GcpApiError) return [];
      throw error;
    }
  };
  const found = new Map(vms);
  const remarks = owned.map(async ({ machine, node }): Promise<Remark[]> => {
    const vm = vms.get(machine);
    if (vm === undefined || node === undefined) return [];
    const named: VmName = { project: vm.project, zone: vm.zone, name: machine };
    const wanted = { power: node.power, isInstalledHere: hosts?.[machine]?.install !== undefined };
    const tell = (text: string): Remark[] => [{ subject: { kind: "machine", name: machine }, text }];
    const ask = async (): Promise<Remark[]> => {
      const drift = nodeDrift(vm, await api.readInstance(named, scope), wanted);
      if (drift === undefined) return [];
      if (drift.ending === "gone") found.delete(machine);
      else found.set(machine, { ...vm, isOff: drift.ending === "off" });
      const events = vm.instanceId === undefined ? [] : await readEvents(named, vm.instanceId);
      return tell(drift.render(renderEnding(drift.ending, events)));
    };
    try {
      // Credentials are asked for without a signal.
      return await Promise.race([ask(), over]);
    } catch (error) {
      signal.throwIfAborted();
      const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
      return tell(`what became of its VM in ${vm.zone} could not be asked: ${why}`);
    }
  });
  over.catch(() => undefined); // told to whoever still waits
  return { remarks: (await Promise.all(remarks)).flat(), vms: found };
}
