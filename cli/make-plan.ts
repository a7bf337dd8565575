import type { Command } from "commander";
import type { LeavingPlan, Plan } from "../clan/plan/machine-plan.ts";
import { selectMachines } from "../clan/select-machines.ts";
import { observedOf } from "../providers/host-observation.ts";
import { knownBy } from "../providers/known-machines.ts";
import { buildPlaceOf, settingsOf, wayOf } from "../stack/delivery.ts";
import { evaluateSystems } from "../stack/evaluate-systems.ts";
import { type KnownNode, knownNodes, knownZones } from "../stack/known-nodes.ts";
import { type OwnedMachine, planMachines } from "../stack/owned-machines.ts";
import { buildForPlan } from "../stack/plan/build-for-plan.ts";
import { BuildsToDo } from "../stack/plan/builds-to-do.ts";
import { LocalSystems } from "../stack/plan/local-systems.ts";
import { askForPlan } from "../stack/plan/look-for-plan.ts";
import { isOther, type Known, type MachineLook, planMachine } from "../stack/plan/plan-machine.ts";
import { planLeavingNode, planNode } from "../stack/plan/plan-node.ts";
import { secretNotes } from "../stack/plan/secret-notes.ts";
import type { DeclaredSystem } from "../stack/plan/system-difference.ts";
import { tryProvenances } from "../stack/plan/try-provenances.ts";
import { planSecrets } from "../stack/plan-secrets.ts";
import { MissingStackError, PulumiCliError } from "../stack/pulumi-cli.ts";
import { stackRollout } from "../stack/stack-rollout.ts";
import { machinesIn, readStackState } from "../stack/stack-state.ts";
import { type MachineWays, readWays } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import type { ChosenMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

/** How much is done for a plan: `deep` builds. */
export type Depth = Plan["depth"];

/**
 * The plan of a stack's machines, from evaluation, the stack's state, and one look at each host. Copies and changes nothing.
 * @param isWhole - all of the stack was asked for: then machines that leave it are told, too.
 * @throws {FleetError}
 */
export async function makePlan(
  chosen: ChosenMachines,
  { depth, isWhole }: { readonly depth: Depth; readonly isWhole: boolean },
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Plan> {
  const { fleet, stack, machines } = chosen;
  const report = progressOn(terminal, false);
  const systems = await evaluateSystems(fleet, stack, machines, { report }, signal);
  const failures = depth === "deep" ? await buildForPlan(machines, systems, stack, report, signal) : new Map();
  const placeless = new Map<string, string>();
  const on = machines.filter(({ node }) => node?.power !== "off");
  const { dir } = command.optsWithGlobals<{ readonly dir: string }>();
  const secrets = await planSecrets(dir, fleet, stack, on, systems, report, signal);
  const [state, provenances, ways] = await Promise.all([
    readState(command, stack.name, terminal, signal),
    tryProvenances(fleet, stack, machines, report, signal),
    readWays(chosen, on, command, terminal, signal, (machine, { facts }) => placeless.set(machine, facts.summary)),
  ]);
  const names = selectMachines(fleet.model.machines, stack.config.machines, stack.file);
  const { plan: rollout } = await stackRollout(
    fleet.model,
    stack,
    planMachines(fleet.model, names, stack),
    ways.connections,
  );
  const locals = new LocalSystems(signal);
  const look = { ways, placeless, locals, depth };
  const builds = new BuildsToDo(signal);
  const planned = machines.map(async (owned) => {
    const { machine, spec } = owned;
    const system = systems.get(machine);
    if (system === undefined) throw new Error(`${machine} was not evaluated`);
    const { policy, owner, system: platform } = settingsOf(owned, ways.stack);
    const declared = { toplevel: system.toplevel, policy, owner, secrets: secrets.get(machine) ?? null };
    const known = state.known(machine);
    const why = ways.dialled.get(machine);
    const buildOn = buildPlaceOf(machine, system, ways.stack);
    const working = builds.ask({ drvPath: system.drvPath, toplevel: system.toplevel, buildOn, known });
    working.catch(() => undefined); // who waits for it hears of it
    const seen = await lookAtMachine(owned, declared, known, look, signal);
    const plan = planMachine({
      machine,
      class: spec.class,
      system: platform,
      buildOn,
      work: await working,
      buildFailure: failures.get(machine),
      declared,
      known,
      look: seen,
      observed: seen.kind === "seen" ? observedOf(seen.seen.observation.facts, spec.class) : undefined,
      node: planNode(owned, state.vms, state.zones),
      rollout,
      provenance: provenances.get(machine),
      namespaces: fleet.model.namespaces,
      notes: [
        ...(why === undefined ? [] : [{ kind: "dialled", text: why }]),
        ...(await secretNotes(machine, known, declared)),
      ],
    });
    return [machine, plan] as const;
  });
  const declared = new Set(names);
  const present = new Set(machines.map(({ machine }) => machine));
  const left = isWhole ? state.machines.filter((machine) => !present.has(machine)) : [];
  return {
    schema: 1,
    fleet: fleet.model.name,
    stack: stack.name,
    depth,
    machines: Object.fromEntries(await Promise.all(planned)),
    leaving: Object.fromEntries(
      left.map((machine) => [machine, leaves(declared.has(machine), state.vms?.get(machine))]),
    ),
  };
}

/** @param isDeclared - the machine is the stack's still, and its node is `absent`. */
function leaves(isDeclared: boolean, vm: KnownNode | undefined): LeavingPlan {
  const why = isDeclared ? "its node is absent" : "is no machine of this stack any more";
  const what = vm === undefined ? "it is forgotten, and runs on as it is" : "its node is deleted with its disk";
  return { text: `${why}: ${what}`, node: vm === undefined ? null : planLeavingNode(vm) };
}

interface Looking {
  readonly ways: MachineWays;
  /** Machine → why nobody knows where it is. */
  readonly placeless: ReadonlyMap<string, string>;
  readonly locals: LocalSystems;
  readonly depth: Depth;
}

async function lookAtMachine(
  { machine, spec, node }: OwnedMachine,
  { toplevel, policy }: DeclaredSystem,
  known: Known,
  { ways: { stack, connections, sudoPassword }, placeless, locals, depth }: Looking,
  signal: AbortSignal,
): Promise<MachineLook> {
  if (node?.power === "off") return { kind: "off", reason: "its node is off" };
  const connection = connections.get(machine);
  if (connection === undefined) return { kind: "not-asked", reason: placeless.get(machine) ?? "no way to it is known" };
  // Who answers at the inventory's address need not be the node that the next update makes.
  if (node !== undefined && connection.from === "inventory")
    return { kind: "not-asked", reason: "the address of its node is not known" };
  const question = {
    class: spec.class,
    toplevel,
    expectsOther: isOther(known, toplevel),
    specialisation: policy.specialisation ?? null,
    deep: depth === "deep",
  };
  return askForPlan(wayOf(machine, connection, stack), question, locals, signal, sudoPassword);
}

interface State {
  readonly known: (machine: string) => Known;
  /** Machines that it has. */
  readonly machines: readonly string[];
  /** Machine → its VM; undefined: it cannot be read. */
  readonly vms: ReadonlyMap<string, KnownNode> | undefined;
  /** Machine → the zone that was found for its VM. */
  readonly zones: ReadonlyMap<string, string>;
}

/** What the stack's state knows. Without it the hosts tell what changes, and nobody why. */
async function readState(command: Command, name: string, terminal: Terminal, signal: AbortSignal): Promise<State> {
  const { dir } = command.optsWithGlobals<{ readonly dir: string }>();
  try {
    const { resources } = await readStackState(dir, name, signal);
    const known = { known: knownBy(resources), machines: machinesIn(resources) };
    return { ...known, vms: knownNodes(resources), zones: knownZones(resources) };
  } catch (error) {
    // Nobody has deployed it yet.
    if (error instanceof MissingStackError)
      return { known: () => ({ kind: "none" }), machines: [], vms: new Map(), zones: new Map() };
    if (!(error instanceof PulumiCliError)) throw error;
    terminal.tell(`the stack's state cannot be read, so why machines change is not known: ${error.facts.found}`);
    const unreadable = { kind: "unreadable", why: "the stack's state cannot be read" } as const;
    return { known: () => unreadable, machines: [], vms: undefined, zones: new Map() };
  }
}
