import { setTimeout as sleep } from "node:timers/promises";
import type { OnFailure } from "../clan/rollout/rollout-schema.ts";
import { checkHealth } from "../deploy/health/check-health.ts";
import type { HealthGate } from "../deploy/health/health-gate.ts";
import { HostSession } from "../deploy/host-session.ts";
import { rootShell } from "../deploy/root-shell.ts";
import { ConnectionPool } from "../deploy/ssh/connection-pool.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { type ErrorFacts, FleetError } from "../errors.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { Report } from "../report.ts";
import { traced } from "../trace.ts";
import { deliverSystem } from "./deliver-system.ts";
import { type Delivery, isAsAsked } from "./delivery.ts";
import { resolveWay } from "./way-to-host.ts";

/** A rollout goes no further: a machine of a wave failed, or was not well after it. */
export class WaveClosedError extends FleetError {
  readonly code = "FLEET_WAVE_CLOSED";
  /** Machines that run again what they ran before this run. */
  readonly takenBack: readonly string[];

  constructor(facts: ErrorFacts, takenBack: readonly string[]) {
    super(facts);
    this.takenBack = takenBack;
  }
}

/** One machine that a run deployed to, as the gate behind its wave sees it. */
export interface WaveMember extends Omit<Delivery, "toplevel" | "drvPath" | "buildOn" | "secrets"> {
  /** What ran when its deployment had ended. */
  readonly running: StorePath | null;
  /** System units that had failed then. */
  readonly failedUnits: readonly string[];
  /** What ran before. */
  readonly previous: StorePath | null;
  /** Unix seconds. */
  readonly deployedAt: number;
}

/** A wave whose machines have all ended. */
export interface EndedWave {
  readonly name: string;
  readonly onFailure: OnFailure;
  readonly pauseSeconds: number;
  readonly healthGates: readonly HealthGate[];
  /** Machines that this run deployed to. */
  readonly members: readonly WaveMember[];
  /** Machines whose deployment failed; each says itself why. */
  readonly failed: readonly string[];
}

/**
 * Stands between one wave and the next: waits, then looks at every machine that was deployed to, over a new connection.
 * @throws {WaveClosedError} unless the wave goes on after failures; with `rollback-wave` its machines were taken back then.
 */
export async function passGate(
  wave: EndedWave,
  report: Report,
  signal: AbortSignal,
  sudoPassword?: SecretText,
): Promise<void> {
  const stops = wave.onFailure !== "continue";
  const failures = wave.failed.map((machine) => `${machine}: its deployment failed`);
  if (stops && failures.length > 0) throw await close(wave, failures, report, signal, sudoPassword);
  await pause(wave, report, signal);
  await using connections = new ConnectionPool();
  const looks = await Promise.all(
    wave.members.map((member) => lookAtMember(member, wave, connections, report, signal, sudoPassword)),
  );
  const unwell = looks.filter((reason) => reason !== undefined);
  if (unwell.length === 0) {
    if (wave.members.length > 0)
      tell(report, "info", wave, `${counted(wave)} ${wave.members.length === 1 ? "is" : "are"} well`);
    return;
  }
  if (stops) throw await close(wave, unwell, report, signal, sudoPassword);
  tell(report, "warning", wave, `goes on although ${unwell.join("; ")}`);
}

/** From the end of the last deployment on: an update that was cut off during a pause waits for the rest of it alone. */
async function pause(wave: EndedWave, report: Report, signal: AbortSignal): Promise<void> {
  if (wave.members.length === 0) return;
  const last = Math.max(...wave.members.map(({ deployedAt }) => deployedAt));
  const until = (last + wave.pauseSeconds) * 1000;
  const left = until - Date.now();
  if (left <= 0) return;
  const at = new Date(until).toISOString().replace(/\.\d+Z$/, "Z");
  tell(report, "info", wave, `waits until ${at}, then looks at ${counted(wave)}`);
  const work = { kind: "phase", what: `pause after wave ${wave.name}` } as const;
  await traced(work, () => sleep(left, undefined, { signal }).catch(() => signal.throwIfAborted()));
}

/** @returns what is wrong, undefined: nothing. */
async function lookAtMember(
  member: WaveMember,
  { healthGates }: EndedWave,
  connections: ConnectionPool,
  report: Report,
  signal: AbortSignal,
  sudoPassword: SecretText | undefined,
): Promise<string | undefined> {
  const { machine, running, policy } = member;
  try {
    const way = await resolveWay(member, sudoPassword);
    const session = new HostSession(connections, way, policy.reconnectDeadlineSeconds, report);
    const facts = await session.facts({ class: member.class }, signal);
    if (facts.current !== running) return `${machine}: runs ${nameOf(facts.current)}, deployed was ${nameOf(running)}`;
    const further = facts.failedUnits.filter((unit) => !member.failedUnits.includes(unit));
    if (further.length > 0) return `${machine}: failed since: ${further.join(", ")}`;
    const health = await checkHealth(rootShell(session), healthGates, report, signal);
    return health.passed ? undefined : `${machine}: ${health.reason ?? "not healthy"}`;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FleetError) return error.facts.summary;
    throw error;
  }
}

async function close(
  wave: EndedWave,
  reasons: readonly string[],
  report: Report,
  signal: AbortSignal,
  sudoPassword: SecretText | undefined,
): Promise<WaveClosedError> {
  const takesBack = wave.onFailure === "rollback-wave";
  const back = takesBack ? await takeBack(wave.members, report, signal, sudoPassword) : [];
  const others = takesBack
    ? "its machines were taken back, as `onFailure: rollback-wave` has it"
    : "what is well stays as it is";
  const facts = {
    summary: `wave ${wave.name} is closed, nothing behind it is deployed to: ${reasons.join("; ")}`,
    expected: "every machine of the wave deployed, and well after it",
    found: [...reasons, ...back.map(({ text }) => text), others].join("\n"),
    at: `pulumi-clan:rollout, wave ${wave.name}`,
    fix: "correct what the reasons name, then `pulumi up`: it begins with what is not as declared",
  };
  return new WaveClosedError(
    facts,
    back.flatMap(({ machine, isBack }) => (isBack ? [machine] : [])),
  );
}

interface WayBack {
  readonly machine: string;
  readonly isBack: boolean;
  readonly text: string;
}

/** Each machine to what it ran before this run; one that cannot keeps none of the others from it. */
async function takeBack(
  members: readonly WaveMember[],
  report: Report,
  signal: AbortSignal,
  sudoPassword: SecretText | undefined,
): Promise<WayBack[]> {
  const changed = members.flatMap((member) =>
    member.previous === null || member.previous === member.running ? [] : [{ ...member, previous: member.previous }],
  );
  return Promise.all(
    changed.map(async ({ previous, ...member }): Promise<WayBack> => {
      const { machine, policy, deadlineSeconds } = member;
      const until = AbortSignal.any([signal, AbortSignal.timeout(deadlineSeconds * 1000)]);
      report({
        level: "warning",
        subject: machine,
        phase: "rollback",
        message: `with its wave, to ${nameOf(previous)}`,
      });
      try {
        const delivery = { ...member, toplevel: previous, buildOn: "local" } as const;
        const { outcome } = await deliverSystem(delivery, report, until, sudoPassword);
        if (isAsAsked(outcome, policy))
          return { machine, isBack: true, text: `${machine}: taken back to ${nameOf(previous)}` };
        const why = [outcome.kind, ...(outcome.reason === undefined ? [] : [outcome.reason])].join(", ");
        return { machine, isBack: false, text: `${machine}: was not taken back: ${why}` };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof FleetError)) throw error;
        return { machine, isBack: false, text: `${machine}: was not taken back: ${error.facts.summary}` };
      }
    }),
  );
}

function counted({ members }: EndedWave): string {
  return members.length === 1 ? "1 machine" : `${members.length} machines`;
}

function nameOf(path: StorePath | null): string {
  return path === null ? "nothing known" : renderStorePath(path);
}

function tell(report: Report, level: "info" | "warning", { name }: EndedWave, message: string): void {
  report({ level, phase: "wave", message: `${name}: ${message}` });
}
