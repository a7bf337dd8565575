import { existsSync } from "node:fs";
import { hostScript } from "../../deploy/activation/scripts.ts";
import { runs } from "../../deploy/boot/specialisation.ts";
import type { FactsQuestion } from "../../deploy/host-facts.ts";
import { type HostClosures, readHostClosures } from "../../deploy/observation/host-closures.ts";
import { type Look, lookAt } from "../../deploy/observation/look.ts";
import { type Observation, observeHost } from "../../deploy/observation/observe-host.ts";
import type { SecretText } from "../../deploy/ssh/secret-text.ts";
import type { SshHost } from "../../deploy/ssh/ssh-host.ts";
import { askSending, measureSending, type Sending } from "../../deploy/store/delta/measure-sending.ts";
import type { PathInfo } from "../../deploy/store/path-info.ts";
import { type HostUnits, readHostUnits } from "../../deploy/units/host-units.ts";
import { type HostLaunchd, type PropertyLists, readHostLaunchd } from "../../deploy/units/launchd.ts";
import type { UnitFolder } from "../../deploy/units/unit-folder.ts";
import { FleetError } from "../../errors.ts";
import type { StorePath } from "../../local-nix/store-path.ts";
import type { Way } from "../delivery.ts";
import { rememberSeen } from "../last-seen.ts";
import { resolveWay } from "../way-to-host.ts";
import type { LocalSystem, LocalSystems } from "./local-systems.ts";
import type { MachineLook } from "./plan-machine.ts";

/** What a plan could learn of the system that runs and the one that shall. Each is undefined where it could not. */
export interface SeenSystems {
  /** The new system in this machine's store. */
  readonly wanted: LocalSystem | undefined;
  /** The closure that runs, from this machine's store or the host's. */
  readonly running: readonly Pick<PathInfo, "path" | "narSize">[] | undefined;
  /** What the host says. */
  readonly host: HostClosures | undefined;
  /** Units of the host, and of the system that shall run; undefined on a Mac, too. */
  readonly units: { readonly host: HostUnits; readonly wanted: UnitFolder } | undefined;
  /** The same of a Mac. */
  readonly launchd?: { readonly host: HostLaunchd; readonly wanted: PropertyLists } | undefined;
  /** What a push over a slow way would send; undefined: not tried. */
  readonly sending?: Sending | undefined;
  /** What the new system says that it would do; undefined: not asked, or not there yet. */
  readonly dryActivation?: readonly string[] | undefined;
}

/** A look at a host, with both systems where another one shall run. */
export type PlanLook = Look<{ readonly observation: Observation; readonly systems?: SeenSystems }>;

/** A plan asks without waiting: a laptop that sleeps must not hold it up. A system that is asked itself takes its time. */
const lookSeconds = { fast: 5, deep: 60 };

/** What a plan wants to know of a host. */
export interface PlanQuestion extends Required<FactsQuestion> {
  /** Whether the host is expected to run another system than the one that shall run. */
  readonly expectsOther: boolean;
  /** The one that shall run. */
  readonly specialisation: string | null;
  /** A system that is on the host already is asked what it would do. Default false. */
  readonly deep?: boolean;
}

/** As `lookForPlan`, but whatever is wrong with the way to one host is a value: the others are asked all the same. */
export async function askForPlan(...request: Parameters<typeof lookForPlan>): Promise<MachineLook> {
  try {
    return await lookForPlan(...request);
  } catch (error) {
    if (error instanceof FleetError) return { kind: "failed", error };
    throw error;
  }
}

/**
 * One attempt over the machine's way, one connection. Touches nothing. What the host cannot tell of its store in time stays
 * unknown; it was reached all the same.
 * @param locals - this machine's store; undefined: what else a plan tells is not asked.
 * @throws {TargetSyntaxError} @throws {SshConfigError}
 */
async function lookForPlan(
  way: Way,
  { class: machineClass, toplevel, expectsOther, specialisation, deep = false }: PlanQuestion,
  locals: LocalSystems | undefined,
  signal: AbortSignal,
  sudoPassword?: SecretText,
): Promise<PlanLook> {
  const spec = await resolveWay(way, sudoPassword);
  let asked: Awaited<ReturnType<typeof askSending>> | undefined;
  // Before the host's time begins: it is not to be called unreachable because this machine is slow.
  if (expectsOther) await locals?.read(toplevel);
  const look = await lookAt(
    spec,
    { deadlineSeconds: deep ? lookSeconds.deep : lookSeconds.fast },
    async (host, scope) => {
      const observation = await observeHost(host, { class: machineClass, toplevel }, scope);
      const { current } = observation.facts;
      if (locals === undefined || runs(observation.facts, { toplevel, specialisation })) return { observation };
      const wanted = await locals.read(toplevel);
      // Without the new closure there is nothing to compare.
      if (wanted === undefined) return { observation, systems: nothingSeen };
      const question = {
        closureOf: current === null || existsSync(current) ? null : current,
        candidates: wanted.closure.map(({ path }) => path),
      };
      const folder = machineClass === "nixos" ? await locals.units(toplevel, specialisation) : undefined;
      const lists = machineClass === "darwin" ? await locals.launchd(toplevel) : undefined;
      const [answer, hostUnits, hostLaunchd] = await Promise.all([
        unlessLate(readHostClosures(host, question, scope), scope, signal),
        folder && unlessLate(readHostUnits(host, folder, scope), scope, signal),
        lists && unlessLate(readHostLaunchd(host, scope), scope, signal),
      ]);
      const units = folder === undefined || hostUnits === undefined ? undefined : { host: hostUnits, wanted: folder };
      const launchd =
        lists === undefined || hostLaunchd === undefined ? undefined : { host: hostLaunchd, wanted: lists };
      const missing = deep ? answer?.missing : undefined;
      if (missing !== undefined) {
        const lacking = wanted.closure.filter(({ path }) => missing.has(path));
        asked = (await unlessLate(askSending(host, lacking, scope), scope, signal)) ?? notTold;
      }
      const isThere = answer?.missing?.size === 0 && machineClass === "nixos";
      const dryActivation =
        deep && isThere
          ? await unlessLate(dryActivate(host, toplevel, specialisation, scope), scope, signal)
          : undefined;
      return {
        observation,
        systems: { wanted, running: answer?.closure, host: answer, units, launchd, dryActivation },
      };
    },
    signal,
  );
  if (look.kind === "seen") await rememberSeen(way);
  if (look.kind !== "seen" || locals === undefined) return look;
  // What takes this machine's time takes none of the host's.
  return withSending(await withLocalClosure(look, locals), asked, signal);
}

const notTold = { kind: "unmeasured", reason: "what the host has that is like it was not told in time" } as const;

/** Its own words. As root where root can be had; who cannot be root is not answered, which is no error. */
async function dryActivate(
  host: SshHost,
  toplevel: StorePath,
  specialisation: string | null,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const system = specialisation === null ? toplevel : `${toplevel}/specialisation/${specialisation}`;
  const options = { elevation: "if-possible", deadlineSeconds: 50 } as const;
  const { code, stdout } = await host.exec(hostScript("dry-activate", [system]), options, signal);
  return code === 0 ? stdout.split("\n").filter((line) => line.startsWith("would ")) : undefined;
}

const nothingSeen: SeenSystems = { wanted: undefined, running: undefined, host: undefined, units: undefined };

/** The closure that runs from this machine's store where it is, once the host needs not wait any more. */
async function withLocalClosure(
  look: Extract<PlanLook, { kind: "seen" }>,
  locals: LocalSystems,
): Promise<Extract<PlanLook, { kind: "seen" }>> {
  const { observation, systems } = look.seen;
  const { current } = observation.facts;
  if (systems?.wanted === undefined || systems.running !== undefined || current === null) return look;
  const running = (await locals.read(current))?.closure;
  return { ...look, seen: { observation, systems: { ...systems, running } } };
}

/** What the host would be sent, tried where differences are possible at all. */
async function withSending(
  look: Extract<PlanLook, { kind: "seen" }>,
  asked: Awaited<ReturnType<typeof askSending>> | undefined,
  signal: AbortSignal,
): Promise<Extract<PlanLook, { kind: "seen" }>> {
  const { observation, systems } = look.seen;
  if (systems === undefined || asked === undefined) return look;
  const sending = await sendingOf(asked, signal);
  return { ...look, seen: { observation, systems: { ...systems, sending } } };
}

async function sendingOf(asked: Awaited<ReturnType<typeof askSending>>, signal: AbortSignal): Promise<Sending> {
  switch (asked.kind) {
    case "stages":
      return tryMeasuring(asked, signal);
    case "none":
      return { kind: "full", reason: asked.reason };
    case "unmeasured":
      return asked;
  }
}

/** No disk for it, or a path that was collected meanwhile: that is no reason to have no plan. */
async function tryMeasuring(...[plan, signal]: Parameters<typeof measureSending>): Promise<Sending> {
  try {
    return await measureSending(plan, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error) || error instanceof TypeError) throw error;
    return { kind: "unmeasured", reason: `it could not be tried: ${error.message.split("\n", 1)[0]}` };
  }
}

/** @param scope - the look's time is over. @param signal - the whole run is. */
async function unlessLate<T>(answer: Promise<T>, scope: AbortSignal, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    signal.throwIfAborted();
    if (scope.aborted || error instanceof FleetError) return undefined;
    throw error;
  }
}
