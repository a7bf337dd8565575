import { Command, Option } from "commander";
import { rulesBesideEvaluation } from "../clan/checks/all-rules.ts";
import { fleetContext } from "../clan/checks/fleet-context.ts";
import { renderGroups } from "../clan/checks/render-findings.ts";
import { failing, runChecks } from "../clan/checks/run-checks.ts";
import { renderPlanHtml } from "../clan/plan/html/render-html.ts";
import type { Plan } from "../clan/plan/machine-plan.ts";
import { renderPlanMarkdown } from "../clan/plan/render-markdown.ts";
import { renderPlan } from "../clan/plan/render-plan.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { FleetError, FleetErrors } from "../errors.ts";
import { withMachineOptions } from "./machine-ways.ts";
import { makePlan } from "./make-plan.ts";
import { chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

const renderers = {
  text: renderPlan,
  json: (plan: Plan) => JSON.stringify(plan, null, 2),
  markdown: renderPlanMarkdown,
  html: renderPlanHtml,
} as const;
type Format = keyof typeof renderers;

interface PlanOptions {
  readonly format: Format;
  readonly json: boolean;
  readonly deep: boolean;
}

/**
 * `fleet plan`. Exit 0: planned, whatever the plan and whoever does not answer; 2: the fleet could not be evaluated, or has
 * errors for which an update is refused, or wrong usage; 130: interrupted.
 */
export function planCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("plan")
      .description("say what the next `pulumi up` does to each machine, and why; copies and changes nothing")
      .argument("[machine...]", "names, or tag:<tag>; default: all of the stack")
      .addOption(
        new Option("--format <format>", "for people, programs, a pull request or a browser")
          .choices(Object.keys(renderers))
          .default("text"),
      )
      .option("--deep", "build what is built here, and compare what was built; default: build nothing", false)
      .option("--json", "the same as --format json", false),
  ).action(async (selectors: readonly string[], { format, json, deep }: PlanOptions, command: Command) => {
    try {
      const chosen = await chooseMachines(command, selectors, terminal, signal);
      if (await refusedByChecks(chosen.fleet, terminal, signal)) return;
      const request = { depth: deep ? "deep" : "fast", isWhole: selectors.length === 0 } as const;
      terminal.answer(renderers[json ? "json" : format](await makePlan(chosen, request, command, terminal, signal)));
    } catch (error) {
      if (signal.aborted || !(error instanceof FleetError || error instanceof FleetErrors)) throw error;
      terminal.tell(error.message, "error");
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
