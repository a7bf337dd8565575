import type { NodeCost } from "../node-cost.ts";
import type { NodeShape } from "./compute-api.ts";

/**
 * List prices in US dollars, on demand, before sustained-use and other discounts: an order of magnitude for a preview, no
 * bill, and not compared with Google's pages since. Source: cloud.google.com/compute/vm-instance-pricing, /gpus-pricing, /disks-image-pricing, /vpc/network-pricing.
 */
export const pricesOf = "2025-01";

/** Of one vCPU and one GB of memory for an hour, by family; GB per vCPU by kind. */
const families: Readonly<
  Record<string, { readonly vcpu: number; readonly gb: number; readonly gbPerVcpu: Readonly<Record<string, number>> }>
> = {
  e2: { vcpu: 0.021811, gb: 0.002923, gbPerVcpu: { standard: 4, highmem: 8, highcpu: 1 } },
  n1: { vcpu: 0.031611, gb: 0.004237, gbPerVcpu: { standard: 3.75, highmem: 6.5, highcpu: 0.9 } },
  n2: { vcpu: 0.031611, gb: 0.004237, gbPerVcpu: { standard: 4, highmem: 8, highcpu: 1 } },
  n2d: { vcpu: 0.027502, gb: 0.003686, gbPerVcpu: { standard: 4, highmem: 8, highcpu: 1 } },
};
const acceleratorsPerHour: Readonly<Record<string, number>> = {
  "nvidia-tesla-t4": 0.35,
  "nvidia-tesla-p4": 0.6,
  "nvidia-tesla-v100": 2.48,
  "nvidia-tesla-p100": 1.46,
};
/** Standard persistent disk: what a boot disk is where nothing else is stated. */
const diskGbPerMonth = 0.04;
/** A reserved address, used by a VM that runs or not. */
const addressPerHour = { on: 0.005, off: 0.01 };
/** Regions that have the prices above; others cost up to a half more. */
const regions = new Set(["us-central1", "us-east1", "us-west1"]);
const hoursPerMonth = 730;

export interface PricedNode extends NodeShape {
  readonly zones: readonly string[];
  readonly diskSizeGb: number;
}

/** What a node costs in one of its power states. Off, its disk and its address remain. */
export function nodeCost({ machineType, accelerators, zones, diskSizeGb }: PricedNode, power: "on" | "off"): NodeCost {
  const unknown = { hourly: null, monthly: null };
  if (!zones.every((zone) => regions.has(zone.replace(/-[a-z]$/, "")))) return unknown;
  const machine = machinePerHour(machineType);
  const extra = accelerators.map(({ type, count }) => (acceleratorsPerHour[type] ?? Number.NaN) * count);
  const running = power === "off" ? 0 : extra.reduce((sum, one) => sum + one, machine ?? Number.NaN);
  if (Number.isNaN(running)) return unknown;
  const hourly = running + addressPerHour[power] + (diskGbPerMonth * diskSizeGb) / hoursPerMonth;
  return { hourly: Math.round(hourly * 1_000) / 1_000, monthly: Math.round(hourly * hoursPerMonth * 100) / 100 };
}

/** Custom types and those with a shared core have prices of their own, which are not here. */
function machinePerHour(machineType: string): number | undefined {
  const [, name = "", kind = "", vcpus] = /^([a-z]\d[a-z]?)-(standard|highmem|highcpu)-(\d+)$/.exec(machineType) ?? [];
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  const gbPerVcpu = family?.gbPerVcpu[kind];
  if (family === undefined || gbPerVcpu === undefined) return undefined;
  return Number(vcpus) * (family.vcpu + gbPerVcpu * family.gb);
}

/** `about $0.28 an hour, $204.58 a month`. */
export function renderCost({ hourly, monthly }: NodeCost): string {
  if (hourly === null || monthly === null) return "cost unknown: no list price here for this shape or region";
  return `about $${hourly.toFixed(3)} an hour, $${monthly.toFixed(2)} a month`;
}
