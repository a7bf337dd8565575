import { setTimeout as sleep } from "node:timers/promises";
import { follow } from "./host-look.ts";
import type { HostWatch } from "./host-watch.ts";

const traces =
  "readlink /run/current-system /nix/var/nix/profiles/system; cat /nix/var/pulumi-clan/transaction.json /nix/var/pulumi-clan/lock; " +
  "tail -n 20 /nix/var/pulumi-clan/jobs/*/events /nix/var/pulumi-clan/jobs/*/log; tail -n 12 /var/log/activations; systemctl --failed --no-pager --plain";

/** What a person would look at first. */
export async function readTraces({ host }: HostWatch, signal: AbortSignal): Promise<string> {
  try {
    const { stdout, stderr } = await host.exec(`{ ${traces}; } 2>&1`, signal);
    return `${stdout}${stderr}`.trim();
  } catch (error) {
    signal.throwIfAborted();
    return `nothing can be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The last connection's lock goes with its session, which ends a moment after the up. */
export async function untilUnlocked(watch: HostWatch, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 100 && follow(watch.at.root, "/nix/var/pulumi-clan/lock") !== undefined; tries++) {
    await sleep(50, undefined, { signal });
  }
}
