import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { detectHierarchies, processesOf } from "../sim/hosts/cgroups.ts";
import { linkName } from "../sim/hosts/network.ts";
import { signalProcess } from "../sim/hosts/processes.ts";
import { runCommand } from "../sim/hosts/run-command.ts";
import type { SimState } from "../sim/hosts/sim-state.ts";
import type { SimHost } from "../sim/hosts/simulated-host.ts";
import type { HostWatch } from "./host-watch.ts";
import type { Fault } from "./plan-runs.ts";

/** Breaks one host's side of a deployment, and mends it again. Ends when the host is as whole as before. */
export async function strike(
  fault: Exclude<Fault, { kind: "operator" }>,
  watch: HostWatch,
  state: SimState,
  signal: AbortSignal,
): Promise<void> {
  const { host } = watch;
  switch (fault.kind) {
    case "connection":
      if (fault.how === "reset") await killByName(state, host, /^sshd-(?:session|auth)$/);
      else await silence(host, fault.seconds, signal);
      return;
    case "sshd":
      await killByName(state, host, /^sshd(?:-session|-auth)?$/);
      await host.exec("systemctl stop ssh.service", signal); // otherwise systemd has it back at once
      await sleep(fault.seconds * 1000, undefined, { signal });
      // Someone on the host may have brought it back meanwhile.
      await host.exec("systemctl reset-failed ssh.service; systemctl start ssh.service", signal);
      return;
    case "host":
      await host.powerLoss(signal);
      await watch.attach();
      watch.checkSafety();
      watch.checkSafety();
      await sleep(fault.seconds * 1000, undefined, { signal });
      await host.boot(signal);
      await watch.attach();
  }
}

/** Every connection of the host is cut, or its sshd gone with them. */
async function killByName(state: SimState, host: SimHost, name: RegExp): Promise<void> {
  for (const pid of await processesOf(await detectHierarchies(), state, host.name)) {
    const comm = await readFile(`/proc/${pid}/comm`, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
      return ""; // it ended by itself
    });
    if (name.test(comm.trim())) signalProcess(pid, "SIGKILL");
  }
}

const linksSchema = z.array(z.object({ ifname: z.string() }));

// The host's port of its bridge: the operator's address and route stay, and what is sent is lost.
async function silence(host: SimHost, seconds: number, signal: AbortSignal): Promise<void> {
  const answer = await runCommand("ip", ["-json", "link", "show", "master", linkName(host.name)], {}, signal);
  const port = linksSchema.parse(JSON.parse(answer)).at(0)?.ifname;
  if (port === undefined) throw new Error(`${host.name} has no link`);
  await runCommand("ip", ["link", "set", port, "down"], {}, signal);
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } finally {
    await runCommand("ip", ["link", "set", port, "up"], {}, AbortSignal.timeout(10_000));
  }
}
