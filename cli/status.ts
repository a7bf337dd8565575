import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { openTransaction } from "../deploy/activation/plan-activation.ts";
import type { DeploymentRecord } from "../deploy/observation/deployments.ts";
import type { Observation } from "../deploy/observation/observe-host.ts";
import { FleetError } from "../errors.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import { closureFactsSchema } from "../providers/system-closure-schema.ts";
import { policyOf, wayOf } from "../stack/delivery.ts";
import { evaluateSystems, knownSystems } from "../stack/evaluate-systems.ts";
import { lastSeen } from "../stack/last-seen.ts";
import { observeMachine } from "../stack/observe-machine.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { PulumiCliError } from "../stack/pulumi-cli.ts";
import { closuresOf, readStackState } from "../stack/stack-state.ts";
import { isFine, type LastKnown, type MachineStatus, renderStatus } from "./machine-status.ts";
import { type MachineWays, readWays, withMachineOptions } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface StatusOptions {
  readonly json: boolean;
  readonly evaluate: boolean;
  /** Seconds between two looks. */
  readonly watch?: number | true;
}

/** Seconds for one host; the slowest one decides how long the table takes. */
const lookSeconds = 5;

const watchSeconds = 10;

/**
 * `fleet status`. Exit 0: every machine answers, runs what is declared as far as that is known, and no unit failed; one that
 * does not answer is no failure where the stack's rollout skips or queues it. 1: some do not; 2: wrong usage.
 */
export function statusCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("status")
      .description("ask the stack's hosts what they run; changes nothing")
      .argument("[machine...]", "names, or tag:<tag>; default: all of the stack")
      .option("--evaluate", "evaluate what is not evaluated yet; otherwise its column stays empty", false)
      .option(
        "--watch [seconds]",
        `look again and again until ^C, every ${watchSeconds} s if not said otherwise`,
        toSeconds,
      )
      .option("--json", "the table as JSON; with --watch a line each time", false),
  ).action(async (selectors: readonly string[], options: StatusOptions, command: Command) => {
    const chosen = await chooseMachines(command, selectors, terminal, signal);
    const { dir } = command.optsWithGlobals<{ readonly dir: string }>();
    const on = chosen.machines.filter(({ node }) => node?.power !== "off");
    const placeless = new Map<string, string>();
    const ways = await readWays(chosen, on, command, terminal, signal, (machine, { facts }) =>
      placeless.set(machine, facts.summary),
    );
    const declaring = readDeclared(chosen, options, terminal, signal);
    const known = knownOnce(dir, chosen.stack.name, terminal, signal);
    const once = async (): Promise<void> => {
      const looks = Promise.all(chosen.machines.map((machine) => look(ways, placeless, machine, signal)));
      const rows = await statusRows(chosen, await declaring, await looks, known);
      show(rows, options, terminal);
      terminal.exitCode = rows.every((row) => isFine(row) || maySleep(row, chosen)) ? 0 : 1;
    };
    await once();
    if (options.watch !== undefined) await again(once, options.watch, signal);
  });
}

/** Until ^C, which is how a watch ends: the exit code is that of what it saw last. */
async function again(once: () => Promise<void>, watch: number | true, signal: AbortSignal): Promise<void> {
  const seconds = watch === true ? watchSeconds : watch;
  while (!signal.aborted) {
    try {
      await sleep(seconds * 1000, undefined, { signal });
      await once();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function show(rows: readonly MachineStatus[], { json, watch }: StatusOptions, terminal: Terminal): void {
  if (json) {
    terminal.answer(JSON.stringify(rows, null, watch === undefined ? 2 : undefined));
    return;
  }
  if (watch !== undefined) terminal.clear();
  terminal.answer(renderStatus(rows));
  for (const { machine, reason } of rows) if (reason !== undefined) terminal.tell(`${machine}: ${reason}`);
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("expected a number of seconds.");
}

function maySleep({ state }: MachineStatus, { stack }: ChosenMachines): boolean {
  return state === "unreachable" && (stack.config.rollout?.unreachable ?? "fail") !== "fail";
}

async function statusRows(
  { machines, stack }: ChosenMachines,
  declared: ReadonlyMap<string, { readonly toplevel: StorePath }>,
  looks: readonly Seen[],
  known: () => Promise<ReadonlyMap<string, LastKnown>>,
): Promise<MachineStatus[]> {
  const isAway = ({ kind }: Seen): boolean => kind !== "seen" && kind !== "off";
  const state = looks.some(isAway) ? await known() : new Map<string, LastKnown>();
  return looks.map((seen, index) => {
    const owned = machines[index];
    if (owned === undefined) throw new TypeError("more looks than machines");
    // Of a machine that does not evaluate the policy is known all the same.
    const { specialisation } = policyOf(owned.machine, stack);
    const status = statusOf(owned.machine, declared.get(owned.machine)?.toplevel ?? null, seen);
    const last = isAway(seen) ? state.get(owned.machine) : undefined;
    return {
      ...status,
      ...(specialisation === null ? {} : { declaredSpecialisation: specialisation }),
      ...(last === undefined ? {} : { lastKnown: last, ...agoOf(last.deployedAt, Date.now() / 1000) }),
    };
  });
}

/** A fleet that does not evaluate is no reason to know nothing of its hosts. */
async function readDeclared(
  { fleet, stack, machines }: ChosenMachines,
  { evaluate }: StatusOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, { readonly toplevel: StorePath }>> {
  const report = progressOn(terminal, false);
  // What does not evaluate was told of when the fleet was read; the others' systems are known all the same.
  const sound = machines.filter(({ spec }) => spec.problem === undefined);
  try {
    return evaluate
      ? await evaluateSystems(fleet, stack, sound, { report }, signal)
      : await knownSystems(fleet, stack, machines, report, signal);
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    terminal.tell(error.message);
    return new Map();
  }
}

const lastKnownSchema = closureFactsSchema.pick({ running: true, generation: true, deployedAt: true });

/** Asked only where a host does not answer, and once: a backend that is down must not hold up who looks at the others. */
function knownOnce(
  root: string,
  stack: string,
  terminal: Terminal,
  signal: AbortSignal,
): () => Promise<ReadonlyMap<string, LastKnown>> {
  let known: Promise<ReadonlyMap<string, LastKnown>> | undefined;
  const read = async (): Promise<ReadonlyMap<string, LastKnown>> => {
    try {
      const closures = closuresOf(await readStackState(root, stack, signal, 10_000));
      const rows = [...closures].flatMap(([machine, outputs]) => {
        const { data } = z.looseObject({}).pipe(lastKnownSchema).safeParse(outputs);
        return data === undefined ? [] : [[machine, data] as const];
      });
      return new Map(rows);
    } catch (error) {
      if (!(error instanceof PulumiCliError)) throw error;
      terminal.tell(`what was last known of hosts that do not answer stands in the state: ${error.facts.found}`);
      return new Map();
    }
  };
  return () => {
    known ??= read();
    return known;
  };
}

type Seen = (
  | Awaited<ReturnType<typeof observeMachine>>
  | { readonly kind: "off" | "no-address"; readonly reason: string }
) & { readonly lastSeenAt?: number };

async function look(
  { stack, connections, sudoPassword }: MachineWays,
  placeless: ReadonlyMap<string, string>,
  { machine, spec, node }: OwnedMachine,
  signal: AbortSignal,
): Promise<Seen> {
  if (node?.power === "off") return { kind: "off", reason: "its node is off" };
  const connection = connections.get(machine);
  if (connection === undefined)
    return { kind: "no-address", reason: placeless.get(machine) ?? "no way to it is known" };
  const way = wayOf(machine, connection, stack);
  try {
    const seen = await observeMachine(way, { class: spec.class }, lookSeconds, signal, sudoPassword);
    const lastSeenAt = seen.kind === "seen" ? undefined : await lastSeen(way);
    return lastSeenAt === undefined ? seen : { ...seen, lastSeenAt };
  } catch (error) {
    if (error instanceof FleetError) return { kind: "no-address", reason: error.facts.summary };
    throw error;
  }
}

function statusOf(machine: string, declared: StorePath | null, seen: Seen): MachineStatus {
  if (seen.kind !== "seen") {
    const { kind: state, reason, lastSeenAt } = seen;
    return { machine, declared, state, reason, ...(lastSeenAt === undefined ? {} : { lastSeenAt }) };
  }
  const { facts, hostKey, rebootFor, lastSwitch, lastDeployment, deployedAt } = seen.seen;
  const { owner } = facts;
  return {
    machine,
    state: "seen",
    declared,
    running: facts.current,
    specialisations: facts.specialisations,
    booted: facts.booted,
    profile: facts.profile,
    nextBoot: facts.boot.toplevel,
    generation: facts.generation,
    failedUnits: facts.failedUnits,
    owner: owner === undefined ? null : owner === "unreadable" ? owner : `${owner.project}/${owner.stack}`,
    transaction: renderTransaction(facts),
    rebootFor,
    hostKey,
    through: seen.way.through,
    backEnd: seen.way.backEnd,
    ...(lastSwitch === undefined ? {} : { lastSwitch }),
    ...(lastDeployment === undefined ? {} : { lastTry: tryOf(lastDeployment, facts.now) }),
    ...agoOf(deployedAt ?? null, facts.now),
  };
}

function tryOf({ toplevel, verdict, at }: DeploymentRecord, now: number): NonNullable<MachineStatus["lastTry"]> {
  return { toplevel, verdict, secondsAgo: Math.max(0, Math.floor(now - at)) };
}

function agoOf(at: number | null, now: number): Pick<MachineStatus, "deployedSecondsAgo"> {
  return at === null ? {} : { deployedSecondsAgo: Math.max(0, Math.floor(now - at)) };
}

function renderTransaction(facts: Observation["facts"]): string | null {
  const { transaction } = facts;
  if (transaction === undefined) return null;
  if (transaction === "unreadable") return "of another version";
  const { toplevel, owner, phase } = transaction;
  const state = openTransaction(facts) === undefined ? "cut off by a reboot" : phase;
  return `${state} ${renderStorePath(toplevel)} by ${owner.project}/${owner.stack}`;
}
