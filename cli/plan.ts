import { Command, Option } from "commander";
import { rulesBesideEvaluation } from "../clan/checks/all-rules.ts";
import { fleetContext } from "../clan/checks/fleet-context.ts";
import { renderGroups } from "../clan/checks/render-findings.ts";
import { failing, runChecks } from "../clan/checks/run-checks.ts";
import type { Plan } from "../clan/plan/machine-plan.ts";
import { renderPlanMarkdown } from "../clan/plan/render-markdown.ts";
import { renderPlan } from "../clan/plan/render-plan.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { FleetError, FleetErrors } from "../errors.ts";
import { observedOf } from "../providers/host-observation.ts";
import { knownBy } from "../providers/known-machines.ts";
import { buildPlaceOf, settingsOf, wayOf } from "../stack/delivery.ts";
import { evaluateSystems } from "../stack/evaluate-systems.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { LocalSystems } from "../stack/plan/local-systems.ts";
import { askForPlan } from "../stack/plan/look-for-plan.ts";
import { isOther, type Known, type MachineLook, planMachine } from "../stack/plan/plan-machine.ts";
import { secretNotes } from "../stack/plan/secret-notes.ts";
import type { DeclaredSystem } from "../stack/plan/system-difference.ts";
import { tryProvenances } from "../stack/plan/try-provenances.ts";
import { planSecrets } from "../stack/plan-secrets.ts";
import { MissingStackError, PulumiCliError } from "../stack/pulumi-cli.ts";
import { readStackState } from "../stack/stack-state.ts";
import { type MachineWays, readWays, withMachineOptions } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

const renderers = {
  text: renderPlan,
  json: (plan: Plan) => JSON.stringify(plan, null, 2),
  markdown: renderPlanMarkdown,
} as const;
type Format = keyof typeof renderers;

interface PlanOptions {
  readonly format: Format;
  readonly json: boolean;
}

/**
 * `fleet plan`. Exit 0: planned, whatever the plan and whoever does not answer; 2: the fleet could not be evaluated, or has
 * errors for which an update is refused, or wrong usage; 130: interrupted.
 */
export function planCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("plan")
      .description("say what the next `pulumi up` does to each machine, and why; builds, copies and changes nothing")
      .argument("[machine...]", "names, or tag:<tag>; default: all of the stack")
      .addOption(
        new Option("--format <format>", "for people, programs or a pull request")
          .choices(Object.keys(renderers))
          .default("text"),
      )
      .option("--json", "the same as --format json", false),
  ).action(async (selectors: readonly string[], { format, json }: PlanOptions, command: Command) => {
    try {
      const chosen = await chooseMachines(command, selectors, terminal, signal);
      if (await refusedByChecks(chosen.fleet, terminal, signal)) return;
      terminal.answer(renderers[json ? "json" : format](await plan(chosen, command, terminal, signal)));
    } catch (error) {
      if (signal.aborted || !(error instanceof FleetError || error instanceof FleetErrors)) throw error;
      terminal.tell(error.message);
      terminal.exitCode = 2;
    }
  });
}

/** A preview does not go on either. */
async function refusedByChecks(fleet: Fleet, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  const { context, suppressions } = await fleetContext(fleet, new Map(), signal);
  const errors = failing(runChecks(context, suppressions, rulesBesideEvaluation));
  if (errors.length === 0) return false;
  terminal.tell(["an update is refused; `fleet check` shows everything\n", ...renderGroups(errors)].join("\n"));
  terminal.exitCode = 2;
  return true;
}

async function plan(chosen: ChosenMachines, command: Command, terminal: Terminal, signal: AbortSignal): Promise<Plan> {
  const { fleet, stack, machines } = chosen;
  const report = progressOn(terminal, false);
  const systems = await evaluateSystems(fleet, stack, machines, { report }, signal);
  const placeless = new Map<string, string>();
  const on = machines.filter(({ node }) => node?.power !== "off");
  const { dir } = command.optsWithGlobals<{ readonly dir: string }>();
  const secrets = await planSecrets(dir, fleet, stack, on, report, signal);
  const [known, provenances, ways] = await Promise.all([
    readKnown(command, stack.name, terminal, signal),
    tryProvenances(fleet, stack, machines, report, signal),
    readWays(chosen, on, command, terminal, signal, (machine, { facts }) => placeless.set(machine, facts.summary)),
  ]);
  const locals = new LocalSystems(signal);
  const planned = machines.map(async (owned) => {
    const { machine, spec } = owned;
    const system = systems.get(machine);
    if (system === undefined) throw new Error(`${machine} was not evaluated`);
    const { policy, owner, system: platform } = settingsOf(owned, ways.stack);
    const declared = { toplevel: system.toplevel, policy, owner, secrets: secrets.get(machine) ?? null };
    const look = await lookAtMachine(owned, declared, known(machine), ways, placeless, locals, signal);
    const why = ways.dialled.get(machine);
    const plan = planMachine({
      machine,
      class: spec.class,
      system: platform,
      buildOn: buildPlaceOf(machine, system, ways.stack),
      declared,
      known: known(machine),
      look,
      observed: look.kind === "seen" ? observedOf(look.seen.observation.facts, spec.class) : undefined,
      provenance: provenances.get(machine),
      namespaces: fleet.model.namespaces,
      notes: [
        ...(why === undefined ? [] : [{ kind: "dialled", text: why }]),
        ...(await secretNotes(machine, known(machine), declared)),
      ],
    });
    return [machine, plan] as const;
  });
  return {
    schema: 1,
    fleet: fleet.model.name,
    stack: stack.name,
    machines: Object.fromEntries(await Promise.all(planned)),
  };
}

async function lookAtMachine(
  { machine, spec, node }: OwnedMachine,
  { toplevel, policy }: DeclaredSystem,
  known: Known,
  { stack, connections, sudoPassword }: MachineWays,
  placeless: ReadonlyMap<string, string>,
  locals: LocalSystems,
  signal: AbortSignal,
): Promise<MachineLook> {
  if (node?.power === "off") return { kind: "off", reason: "its node is off" };
  const connection = connections.get(machine);
  if (connection === undefined) return { kind: "not-asked", reason: placeless.get(machine) ?? "no way to it is known" };
  // Who answers at the inventory's address need not be the node that the next update makes.
  if (node !== undefined && connection.from === "inventory")
    return { kind: "not-asked", reason: "the address of its node is not known" };
  return askForPlan(
    wayOf(machine, connection, stack),
    {
      class: spec.class,
      toplevel,
      expectsOther: isOther(known, toplevel),
      specialisation: policy.specialisation ?? null,
    },
    locals,
    signal,
    sudoPassword,
  );
}

/** What the stack's state knows of its machines. Without it the hosts tell what changes, and nobody why. */
async function readKnown(
  command: Command,
  name: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<(machine: string) => Known> {
  const { dir } = command.optsWithGlobals<{ readonly dir: string }>();
  try {
    return knownBy((await readStackState(dir, name, signal)).resources);
  } catch (error) {
    // Nobody has deployed it yet.
    if (error instanceof MissingStackError) return () => ({ kind: "none" });
    if (!(error instanceof PulumiCliError)) throw error;
    terminal.tell(`the stack's state cannot be read, so why machines change is not known: ${error.facts.found}`);
    return () => ({ kind: "unreadable", why: "the stack's state cannot be read" });
  }
}
