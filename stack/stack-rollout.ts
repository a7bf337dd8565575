import type { FleetModel } from "../clan/fleet-model.ts";
import { planRollout, type RolloutPlan, type Wave } from "../clan/rollout/plan-rollout.ts";
import { StackConfigError } from "../clan/stack-config.ts";
import { type HealthGate, healthGatesSchema } from "../deploy/health/health-gate.ts";
import { throwGathered } from "../errors.ts";
import type { HostConnection } from "./connections.ts";
import { type OperatorFacts, operatorMachines, readOperatorFacts } from "./operator-machine.ts";
import type { OwnedMachine } from "./owned-machines.ts";
import type { Stack } from "./stack.ts";

/** A rollout with its health gates as they are looked at. */
export interface StackRollout {
  readonly plan: RolloutPlan;
  healthGatesOf(wave: Wave): HealthGate[];
}

/**
 * The order in which a stack's machines are deployed to; those whose node is off have none.
 * @throws {StackConfigError} gathered
 */
export async function stackRollout(
  model: FleetModel,
  stack: Stack,
  machines: readonly OwnedMachine[],
  connections: ReadonlyMap<string, HostConnection>,
  facts?: OperatorFacts,
): Promise<StackRollout> {
  const { config, file } = stack;
  const on = machines.filter(({ node }) => node?.power !== "off");
  const operator = operatorMachines(on, connections, facts ?? (await readOperatorFacts()));
  const plan = planRollout({
    fleet: model.machines,
    machines: on.map(({ machine }) => machine),
    config: config.rollout,
    operator,
    file,
  });
  const gates = new Map(plan.waves.map((wave) => [wave.name, gatesOf(wave, file)]));
  return { plan, healthGatesOf: ({ name }) => gates.get(name) ?? [] };
}

/** @throws {StackConfigError} gathered */
function gatesOf({ name, healthGates }: Wave, file: string): HealthGate[] {
  const parsed = healthGatesSchema.safeParse(healthGates ?? []);
  if (parsed.success) return parsed.data;
  throwGathered(
    parsed.error.issues.map(({ path, message }) => {
      const at = `${file}: pulumi-clan:rollout, ${["healthGates", ...path.map(String)].join(".")} of wave ${name}`;
      return new StackConfigError({
        summary: `${at} has a value that cannot be used`,
        expected: message.replace(/^Invalid (input|option): expected /, "").replace(/, received .*$/, ""),
        found: JSON.stringify(healthGates?.[Number(path[0])]) ?? "nothing",
        at,
        fix: `correct it in ${file}`,
      });
    }),
  );
  throw new Error("unreachable: a failed parse has issues");
}
