import { type HostSpec, hostSpec } from "../sim/hosts/host-spec.ts";
import type { Feature } from "./features.ts";
import { Laboratory, type Told } from "./laboratory.ts";
import { chains, macs, type Scenario } from "./scenarios.ts";

/**
 * Runs every list of scenarios on a host of its own, side by side.
 * @param isChosen - what a chosen scenario declares follows from those before it, chosen or not.
 */
export async function runScenarios(
  isChosen: (scenario: Scenario) => boolean,
  report: (told: Told) => void,
  signal: AbortSignal,
): Promise<readonly Told[]> {
  const told = await Promise.all(
    Object.entries(chains).map(([host, scenarios], index) => {
      const spec = hostSpec(host, macs.has(host) ? "darwin" : "nixos", `198.51.100.${41 + index}`);
      return runChain(
        spec,
        declaredBy(scenarios).filter(({ scenario }) => isChosen(scenario)),
        report,
        signal,
      );
    }),
  );
  return told.flat();
}

async function runChain(
  spec: HostSpec,
  chosen: ReturnType<typeof declaredBy>,
  report: (told: Told) => void,
  signal: AbortSignal,
): Promise<readonly Told[]> {
  if (chosen.length === 0) return [];
  const systems = chosen.map(({ features }) => features);
  await using laboratory = await Laboratory.open(spec, systems, signal);
  const found: Told[] = [];
  for (const { scenario, features } of chosen) {
    const told = await laboratory.run(scenario, features, signal);
    report(told);
    found.push(told);
  }
  return found;
}

/** Which features each scenario's system has. @throws {TypeError} for one that is gained twice, or lost and not there. */
export function declaredBy(
  all: readonly Scenario[],
): readonly { readonly scenario: Scenario; readonly features: readonly Feature[] }[] {
  let features: readonly Feature[] = [];
  return all.map((scenario) => {
    const { gains = [], loses = [], name } = scenario;
    for (const feature of gains) if (features.includes(feature)) throw new TypeError(`${name}: ${feature} is there`);
    for (const feature of loses)
      if (!features.includes(feature)) throw new TypeError(`${name}: ${feature} is not there`);
    features = [...features.filter((feature) => !loses.includes(feature)), ...gains];
    return { scenario, features };
  });
}
