import { stat } from "node:fs/promises";
import { z } from "zod";
import { SimulationError } from "./errors.ts";
import { type HostSpec, operatorAddress } from "./host-spec.ts";
import { runCommand, tryCommand } from "./run-command.ts";
import type { SimState } from "./sim-state.ts";

/** Every interface of ours begins so. */
const prefix = "pcs-";
const aliasPrefix = "pulumi-clan-sim:";

/** The operator's end of a host's link. A bridge of one port: it keeps address and route while the host reboots. */
export function linkName(name: string): string {
  return `${prefix}${name}`;
}

/** Inode of the network namespace of this process. */
export async function currentNetwork(): Promise<number> {
  return (await stat("/proc/self/ns/net")).ino;
}

// `ip -json` of no interface prints an empty object.
const linkSchema = z.object({ ifname: z.string().optional(), ifalias: z.string().optional() });

async function bridges(signal: AbortSignal): Promise<readonly z.output<typeof linkSchema>[]> {
  const text = await runCommand("ip", ["-json", "link", "show", "type", "bridge"], {}, signal);
  return text.trim() === "" ? [] : z.array(linkSchema).parse(JSON.parse(text));
}

/** Hosts of this simulation that have a link in this process' network namespace. */
export async function linkedHosts(state: SimState, signal: AbortSignal): Promise<readonly string[]> {
  return (await bridges(signal))
    .filter(({ ifname, ifalias }) => ifname?.startsWith(prefix) && ifalias === aliasPrefix + state.directory)
    .map(({ ifname = "" }) => ifname.slice(prefix.length));
}

/**
 * Makes the operator's end of the host's link with a point-to-point route to the host; does nothing when it is there.
 * @throws {SimulationError} when another simulation in this network namespace has a host of that name.
 */
export async function createLink(state: SimState, spec: HostSpec, signal: AbortSignal): Promise<void> {
  const link = linkName(spec.name);
  const present = (await bridges(signal)).find(({ ifname }) => ifname === link);
  if (present === undefined) {
    await runCommand("ip", ["link", "add", link, "type", "bridge"], {}, signal);
    await runCommand("ip", ["link", "set", link, "alias", aliasPrefix + state.directory], {}, signal);
  } else if (present.ifalias !== aliasPrefix + state.directory) {
    throw new SimulationError({
      summary: `${spec.name}: another simulation has a host of this name`,
      expected: `no interface ${link}, or one of the simulation in ${state.directory}`,
      found: `interface ${link} of ${present.ifalias?.replace(aliasPrefix, "") ?? "nobody known"}`,
      at: `ip link show dev ${link}`,
      fix: `stop the other one (PULUMI_CLAN_SIM_STATE=<its folder> npm run sim -- down), or work in a network namespace of your own (unshare --net)`,
    });
  }
  await runCommand(
    "ip",
    ["address", "replace", `${operatorAddress}/32`, "peer", spec.address, "dev", link],
    {},
    signal,
  );
  await runCommand("ip", ["link", "set", link, "up"], {}, signal);
}

/**
 * Removes the operator's end, and with it its address and route.
 * @param inNetworkOf - a process in the namespace that holds it; default: this process.
 */
export async function removeLink(name: string, inNetworkOf: number | undefined, signal: AbortSignal): Promise<void> {
  const enter = inNetworkOf === undefined ? [] : ["nsenter", "--net", "--target", String(inNetworkOf), "--"];
  const [command = "ip", ...args] = [...enter, "ip", "link", "delete", "dev", linkName(name)];
  const result = await tryCommand(command, args, {}, signal);
  if (result.exitCode === 0 || result.stderr.includes("Cannot find device")) return;
  await runCommand(command, args, {}, signal); // fails again, and says why
}
