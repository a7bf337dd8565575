import { throwGathered } from "../../errors.ts";
import { type SelectableMachines, selectMachines } from "../select-machines.ts";
import { StackConfigError } from "../stack-config.ts";
import type { OnFailure, RolloutConfig } from "./rollout-schema.ts";

/** Machines that are deployed to together. */
export interface Wave {
  /** Unique in its rollout: the name of its gate. */
  readonly name: string;
  /** In the fleet's order. Never empty. */
  readonly machines: readonly string[];
  /** Most machines that are deployed to, or did not come back, at a time. Null: no limit. */
  readonly maxUnavailable: number | null;
  readonly pauseSeconds: number;
  readonly onFailure: OnFailure;
  /** As stated; null: the rollout's own. */
  readonly healthGates: RolloutConfig["healthGates"] | null;
  /** A resource of its own stands behind it: pauses, looks at the machines, and opens for the next wave or does not. */
  readonly gated: boolean;
}

/** In which order a stack's machines are deployed to, and what happens where one fails. */
export interface RolloutPlan {
  readonly waves: readonly Wave[];
  /** The same for an operator on none of the machines: what a stack's resources are made from, whoever updates it. */
  readonly stated: readonly Wave[];
  /** The stack says something about its rollout. */
  readonly isStated: boolean;
  readonly unreachable: "fail" | "skip" | "queue";
  /** The operator's own machine, and by what it was recognised. */
  readonly operator: Readonly<Record<string, string>>;
  /** Machine → why it is not deployed to by an update. */
  readonly refused: Readonly<Record<string, string>>;
}

export interface RolloutRequest {
  /** All of the fleet: a wave may name machines of another stack. */
  readonly fleet: SelectableMachines;
  /** Those that this run deploys to, in the fleet's order. */
  readonly machines: readonly string[];
  /** Absent: all at once. */
  readonly config: RolloutConfig | undefined;
  /** The operator's own machine → by what it was recognised. */
  readonly operator: ReadonlyMap<string, string>;
  /** The stack's file, for messages. */
  readonly file: string;
}

type Bare = Omit<Wave, "gated">;

/**
 * Puts every machine into exactly one wave. Decides and touches nothing.
 * @throws {StackConfigError} for a machine or tag that the fleet does not have, and for two waves of one name.
 */
export function planRollout({ fleet, machines, config = {}, operator, file }: RolloutRequest): RolloutPlan {
  const { unreachable = "fail", operator: ownMachine = "last" } = config;
  const own = ownMachine === "any" ? [] : machines.filter((machine) => operator.has(machine));
  const others = machines.filter((machine) => !own.includes(machine));
  requireDistinctNames(config, file);
  const stated = gatedWaves(arrange({ fleet, machines, config, file }), config);
  const gated = new Set(stated.filter((wave) => wave.gated).map(({ name }) => name));
  const waves = arrange({ fleet, machines: others, config, file }).map((wave) => ({
    ...wave,
    gated: gated.has(wave.name),
  }));
  const last = own.length === 0 ? [] : [{ ...waveOf("operator", own, config, {}), gated: false }];
  return {
    waves: [...waves, ...last],
    stated,
    isStated: isStated(config),
    unreachable,
    operator: Object.fromEntries(own.map((machine) => [machine, operator.get(machine) ?? ""])),
    refused: Object.fromEntries(
      ownMachine === "refuse" ? own.map((machine) => [machine, refusal(machine, operator, file)]) : [],
    ),
  };
}

type Arrangement = Pick<RolloutRequest, "fleet" | "machines" | "file"> & { readonly config: RolloutConfig };

/** Canaries, then what each wave takes of those that are left, then the rest. */
function arrange({ fleet, machines, config, file }: Arrangement): Bare[] {
  const { canaries, waves: stated = [] } = config;
  const bare: Bare[] = [];
  const take = (name: string, taken: readonly string[], over: Partial<Bare> = {}): void => {
    if (taken.length > 0) bare.push(waveOf(name, taken, config, over));
  };
  const left = (): string[] => machines.filter((machine) => !bare.some((wave) => wave.machines.includes(machine)));
  take("canaries", canariesOf(canaries, machines, fleet, file));
  for (const [index, { name = `wave-${index + 1}`, machines: selectors, percent = 100, ...over }] of stated.entries()) {
    const named = selectMachines(fleet, selectors, file, `pulumi-clan:rollout.waves.${index}.machines`);
    const base = machines.filter((machine) => named.includes(machine));
    const most = Math.ceil((base.length * percent) / 100);
    const taken = left()
      .filter((machine) => base.includes(machine))
      .slice(0, most);
    take(name, taken, defined(over, machinesIn(taken, over.maxUnavailable)));
  }
  take(canaries === undefined && stated.length === 0 ? "all" : "rest", left());
  return bare;
}

function gatedWaves(waves: readonly Bare[], config: RolloutConfig): Wave[] {
  const configured = isStated(config);
  return waves.map((wave, index) => ({ ...wave, gated: configured && isGated(wave, index === waves.length - 1) }));
}

/** One wave without limits, nobody left out: there is nothing to be said about such an order. */
export function isPlain({ waves, unreachable, refused }: RolloutPlan): boolean {
  const [first, ...more] = waves;
  if (first === undefined) return true;
  const limited = first.maxUnavailable !== null || first.gated;
  return more.length === 0 && !limited && unreachable === "fail" && Object.keys(refused).length === 0;
}

function isStated(config: RolloutConfig): boolean {
  return Object.keys(config).length > 0;
}

/** Behind the last wave a gate only stands where it has something to do. */
function isGated({ pauseSeconds, healthGates, onFailure }: Bare, isLast: boolean): boolean {
  return !isLast || pauseSeconds > 0 || (healthGates?.length ?? 0) > 0 || onFailure === "rollback-wave";
}

function waveOf(name: string, machines: readonly string[], config: RolloutConfig, over: Partial<Bare>): Bare {
  return {
    name,
    machines,
    maxUnavailable: machinesIn(machines, config.maxUnavailable),
    pauseSeconds: config.pauseSeconds ?? 0,
    // Who states no order does not want one machine to keep another from its end.
    onFailure: config.onFailure ?? (isStated(config) ? "stop" : "continue"),
    healthGates: config.healthGates ?? null,
    ...over,
  };
}

function defined(
  over: Partial<Pick<RolloutConfig, "pauseSeconds" | "healthGates" | "onFailure">>,
  most: number | null,
): Partial<Bare> {
  const { pauseSeconds, healthGates, onFailure } = over;
  return {
    ...(most === null ? {} : { maxUnavailable: most }),
    ...(pauseSeconds === undefined ? {} : { pauseSeconds }),
    ...(healthGates === undefined ? {} : { healthGates }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/** A part is rounded down, one machine at least. */
function machinesIn(machines: readonly string[], stated: number | string | undefined): number | null {
  if (stated === undefined) return null;
  if (typeof stated === "number") return stated;
  return Math.max(1, Math.floor((machines.length * Number.parseInt(stated, 10)) / 100));
}

function canariesOf(
  stated: RolloutConfig["canaries"],
  machines: readonly string[],
  fleet: SelectableMachines,
  file: string,
): string[] {
  if (stated === undefined) return [];
  if (typeof stated === "number") return machines.slice(0, stated);
  const named = selectMachines(fleet, stated, file, "pulumi-clan:rollout.canaries");
  return machines.filter((machine) => named.includes(machine));
}

const ownNames: readonly string[] = ["canaries", "rest", "all", "operator"];

function requireDistinctNames({ waves = [] }: RolloutConfig, file: string): void {
  const names = waves.map(({ name }, index) => name ?? `wave-${index + 1}`);
  throwGathered(
    names.flatMap((name, index) => {
      const taken = ownNames.includes(name) || names.indexOf(name) < index;
      if (!taken) return [];
      const at = `${file}: pulumi-clan:rollout.waves.${index}.name`;
      return [
        new StackConfigError({
          summary: `${at} is the name of another wave`,
          expected: `a name of its own; ${ownNames.join(", ")} are taken`,
          found: name,
          at,
          fix: "choose another name",
        }),
      ];
    }),
  );
}

function refusal(machine: string, operator: ReadonlyMap<string, string>, file: string): string {
  return `the update runs on ${machine} itself (${operator.get(machine)}), and ${file} says rollout.operator: refuse; fleet deploy ${machine} does it`;
}

/** Why a machine is not deployed to at all; undefined: it is. Names of machines are no members that objects have anyway. */
export function refusalOf({ refused }: Pick<RolloutPlan, "refused">, machine: string): string | undefined {
  return Object.hasOwn(refused, machine) ? refused[machine] : undefined;
}
