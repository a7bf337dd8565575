import { type RolloutPlan, refusalOf, type Wave } from "./plan-rollout.ts";

const unreachableWords = {
  fail: "a host that does not answer is a failure",
  skip: "hosts that do not answer are left for another update",
  queue: "hosts that do not answer are tried again behind the last wave",
} as const;

const failureWords = {
  stop: "a failure stops the rollout",
  continue: "goes on after failures",
  "rollback-wave": "a failure takes the wave back",
} as const;

/** The order in which machines are deployed to, a line a wave: for previews and before `fleet deploy` asks. */
export function renderRollout(plan: RolloutPlan): string {
  const { waves, unreachable } = plan;
  const count = waves.length === 1 ? "1 wave" : `${waves.length} waves`;
  const width = Math.max(0, ...waves.map(({ name }) => name.length));
  const lines = waves.map((wave, index) => `  ${index + 1} ${wave.name.padEnd(width)}  ${renderWave(wave, plan)}`);
  return [`rollout in ${count}; ${unreachableWords[unreachable]}`, ...lines].join("\n");
}

function renderWave(wave: Wave, plan: RolloutPlan): string {
  const machines = wave.machines.map((machine) => {
    const how = Object.hasOwn(plan.operator, machine) ? plan.operator[machine] : undefined;
    if (how === undefined) return machine;
    return `${machine} (this machine, by ${how}${refusalOf(plan, machine) === undefined ? "" : "; refused"})`;
  });
  const most = wave.maxUnavailable;
  const limit = most === null || most >= wave.machines.length ? "" : `, ${most} at a time`;
  return `${machines.join(", ")}${limit}; ${[failureWords[wave.onFailure], ...gateWords(wave)].join(", ")}`;
}

function gateWords({ gated, pauseSeconds, healthGates }: Wave): string[] {
  if (!gated) return [];
  const pause = pauseSeconds > 0 ? [`then ${pauseSeconds} s`] : [];
  const gates = healthGates?.length ?? 0;
  return [
    ...pause,
    gates === 0 ? "then its machines are looked at" : `then ${gates} health ${gates === 1 ? "gate" : "gates"}`,
  ];
}
