import { parse, stringify } from "yaml";
import { z } from "zod";

const stackConfigSchema = z.looseObject({ config: z.record(z.string(), z.unknown()) });
const machineTable = z.record(z.string(), z.unknown()).default({});

/**
 * The configuration of stack `local` for another simulation than the one it is written for.
 * @param text - of Pulumi.local.yaml
 * @param all - every machine that has an address or is a node, not only the default three
 * @param simulation - folder of the simulated hosts, where it is not `.state/sim`
 */
export function simulationConfig(text: string, { all, simulation }: { all: boolean; simulation?: string }): string {
  const stack = stackConfigSchema.parse(parse(text));
  const moved = Object.entries(stack.config).map(([key, value]) => [key, moveTo(simulation, value)] as const);
  const config = Object.fromEntries(moved);
  if (all) config["pulumi-clan:machines"] = machineNames(config);
  // YAML 1.1, as the CLI reads it: there a bare `on` is a truth value, so `power: "on"` must keep its quotes
  return `# made by scripts/pulumi from Pulumi.local.yaml\n${stringify({ ...stack, config }, { version: "1.1" })}`;
}

function machineNames(config: Readonly<Record<string, unknown>>): readonly string[] {
  const tables = [config["pulumi-clan:hosts"], config["pulumi-clan:nodes"]];
  return [...new Set(tables.flatMap((table) => Object.keys(machineTable.parse(table))))].sort();
}

function moveTo(simulation: string | undefined, value: unknown): unknown {
  if (simulation === undefined || typeof value !== "string") return value;
  return value === ".state/sim" || value.startsWith(".state/sim/")
    ? simulation + value.slice(".state/sim".length)
    : value;
}
