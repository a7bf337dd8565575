import { Command } from "commander";
import { openTransaction } from "../deploy/activation/plan-activation.ts";
import { runs } from "../deploy/boot/specialisation.ts";
import { renderSwitch } from "../deploy/observation/drift.ts";
import { renderWay } from "../deploy/observation/look.ts";
import type { Observation } from "../deploy/observation/observe-host.ts";
import type { BackEnd } from "../deploy/ssh/transport.ts";
import { FleetError } from "../errors.ts";
import { renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import { policyOf, wayOf } from "../stack/delivery.ts";
import { evaluateSystems, knownSystems } from "../stack/evaluate-systems.ts";
import { type MachineLook, observeMachine } from "../stack/observe-machine.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { type MachineWays, readWays, withMachineOptions } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import { renderTable } from "./render-table.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface StatusOptions {
  readonly json: boolean;
  readonly evaluate: boolean;
}

/** Seconds for one host; the slowest one decides how long the table takes. */
const lookSeconds = 5;

/** One machine as the table and `--json` show it. */
export interface MachineStatus {
  readonly machine: string;
  /** `seen`, or why nothing is known of the host: `off` (its node), `no-address`, `unreachable`, `host-key`, `authentication`. */
  readonly state: MachineLook["kind"] | "off" | "no-address";
  readonly reason?: string;
  /** The fleet's own, where it has been evaluated; null: not known. */
  readonly declared: StorePath | null;
  /** Of the declared system, to run instead of it. */
  readonly declaredSpecialisation?: string;
  readonly running?: StorePath | null;
  /** Systems of which that is a specialisation, and by what name. */
  readonly specialisations?: Observation["facts"]["specialisations"];
  readonly booted?: StorePath | null;
  readonly profile?: StorePath | null;
  readonly nextBoot?: StorePath | null;
  readonly generation?: number | null;
  readonly failedUnits?: readonly string[];
  readonly owner?: string | null;
  /** `testing <system> by project/stack`; null: none is open. */
  readonly transaction?: string | null;
  /** What a boot would change although it runs already: kernel, initrd, kernel-modules. */
  readonly rebootFor?: readonly string[];
  readonly hostKey?: string;
  /** Jump hosts on the way, the nearest first. */
  readonly through?: readonly string[];
  /** Who spoke SSH. */
  readonly backEnd?: BackEnd;
  readonly lastSwitch?: Observation["lastSwitch"];
}

/** `fleet status`. Exit 0: every machine answers, runs what is declared as far as that is known, and no unit failed; 1: some do not; 2: wrong usage. */
export function statusCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("status")
      .description("ask the stack's hosts what they run; changes nothing")
      .argument("[machine...]", "names, or tag:<tag>; default: all of the stack")
      .option("--evaluate", "evaluate what is not evaluated yet; otherwise its column stays empty", false)
      .option("--json", "the table as JSON", false),
  ).action(async (selectors: readonly string[], options: StatusOptions, command: Command) => {
    const chosen = await chooseMachines(command, selectors, terminal, signal);
    const on = chosen.machines.filter(({ node }) => node?.power !== "off");
    const placeless = new Map<string, string>();
    const ways = await readWays(chosen, on, command, terminal, signal, (machine, { facts }) =>
      placeless.set(machine, facts.summary),
    );
    const [declared, looks] = await Promise.all([
      readDeclared(chosen, options, terminal, signal),
      Promise.all(chosen.machines.map((machine) => look(ways, placeless, machine, signal))),
    ]);
    const rows = looks.map((seen, index) => {
      const owned = chosen.machines[index];
      if (owned === undefined) throw new TypeError("more looks than machines");
      // Of a machine that does not evaluate the policy is known all the same.
      const { specialisation } = policyOf(owned.machine, chosen.stack);
      const status = statusOf(owned.machine, declared.get(owned.machine)?.toplevel ?? null, seen);
      return specialisation === null ? status : { ...status, declaredSpecialisation: specialisation };
    });
    terminal.answer(options.json ? JSON.stringify(rows, null, 2) : renderStatus(rows));
    for (const { machine, reason } of rows) if (reason !== undefined) terminal.tell(`${machine}: ${reason}`);
    terminal.exitCode = rows.every(isFine) ? 0 : 1;
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

type Seen = MachineLook | { readonly kind: "off" | "no-address"; readonly reason: string };

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
  try {
    return await observeMachine(
      wayOf(machine, connection, stack),
      { class: spec.class },
      lookSeconds,
      signal,
      sudoPassword,
    );
  } catch (error) {
    if (error instanceof FleetError) return { kind: "no-address", reason: error.facts.summary };
    throw error;
  }
}

function statusOf(machine: string, declared: StorePath | null, seen: Seen): MachineStatus {
  if (seen.kind !== "seen") return { machine, declared, state: seen.kind, reason: seen.reason };
  const { facts, hostKey, rebootFor, lastSwitch } = seen.seen;
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
  };
}

function renderTransaction(facts: Observation["facts"]): string | null {
  const { transaction } = facts;
  if (transaction === undefined) return null;
  if (transaction === "unreadable") return "of another version";
  const { toplevel, owner, phase } = transaction;
  const state = openTransaction(facts) === undefined ? "cut off by a reboot" : phase;
  return `${state} ${renderStorePath(toplevel)} by ${owner.project}/${owner.stack}`;
}

function isFine(status: MachineStatus): boolean {
  const { state, declared, running = null, specialisations = [], profile, failedUnits, transaction } = status;
  if (state === "off") return true;
  if (state !== "seen" || (failedUnits?.length ?? 0) > 0 || transaction !== null) return false;
  const toplevel = declared ?? profile;
  if (toplevel === undefined || toplevel === null || profile !== toplevel) return false;
  const specialisation = status.declaredSpecialisation ?? null;
  return runs({ current: running, specialisations }, { toplevel, specialisation });
}

/** Hashes of one row that differ are different systems; the first seven characters tell them apart. */
export function renderStatus(rows: readonly MachineStatus[]): string {
  const header = ["machine", "state", "declared", "running", "booted", "profile", "gen", "owner", "remarks"];
  const cells = rows.map((row) => [
    row.machine,
    row.state === "seen" ? (isFine(row) ? "ok" : "differs") : row.state,
    ...[row.declared, row.running, row.booted, row.profile].map(shortHash),
    row.generation === undefined || row.generation === null ? "" : String(row.generation),
    row.owner ?? "",
    remarks(row).join("; "),
  ]);
  return renderTable(header, cells);
}

function remarks(row: MachineStatus): string[] {
  const { failedUnits = [], transaction = null, rebootFor = [], profile, nextBoot } = row;
  const { through = [], backEnd = "ssh2", specialisations = [], declaredSpecialisation } = row;
  const names = specialisations.map(({ name }) => name);
  const isOther = declaredSpecialisation !== undefined && !names.includes(declaredSpecialisation);
  return [
    ...(names[0] === undefined ? [] : [`specialisation: ${names.join(" = ")}`]),
    ...(isOther ? [`declared specialisation: ${declaredSpecialisation}`] : []),
    ...(failedUnits.length === 0
      ? []
      : [`failed: ${failedUnits.slice(0, 3).join(" ")}${failedUnits.length > 3 ? " …" : ""}`]),
    ...(transaction === null ? [] : [`deployment ${transaction}`]),
    ...(rebootFor.length === 0 ? [] : [`reboot pending: ${rebootFor.join(", ")}`]),
    ...(nextBoot && profile && nextBoot !== profile ? [`next boot: ${shortHash(nextBoot)}`] : []),
    ...(row.lastSwitch === undefined || !isNews(row) ? [] : [renderSwitch(row.lastSwitch)]),
    ...[renderWay({ through, backEnd }).trim()].filter((way) => way !== ""),
  ];
}

/** Who else deploys to the host, always; when it was switched by nobody's tool, only where it is not as declared. */
function isNews(row: MachineStatus): boolean {
  const tool = row.lastSwitch?.tool;
  return tool === undefined ? !isFine(row) : tool !== "pulumi-clan";
}

function shortHash(path: StorePath | null | undefined): string {
  return path === undefined ? "" : path === null ? "-" : path.slice("/nix/store/".length).slice(0, 7);
}
