import { Command, InvalidArgumentError, Option } from "commander";
import { allRules } from "../clan/checks/all-rules.ts";
import { type AskHosts, checkFleet } from "../clan/checks/check-fleet.ts";
import { countFindings, findingsDocument } from "../clan/checks/findings-json.ts";
import { renderFindings } from "../clan/checks/render-findings.ts";
import { type Rule, type Severity, severities } from "../clan/checks/rule.ts";
import { failing } from "../clan/checks/run-checks.ts";
import type { Fleet } from "../clan/read-fleet.ts";
import { FleetError, FleetErrors } from "../errors.ts";
import { readHostNatures } from "../stack/read-hardware.ts";
import { readWays, withMachineOptions } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import { readChosenFleet, sourceOfProject } from "./source-options.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface Options {
  readonly json: boolean;
  readonly rule: readonly Rule[];
  readonly severity: Severity;
  readonly evaluate?: boolean;
  readonly hosts: boolean;
}

/**
 * `fleet check`. Exit 0: no error that is not allowed; 1: some; 2: the fleet could not be evaluated, or wrong usage;
 * 130: interrupted.
 */
export function checkCommand(terminal: Terminal, signal: AbortSignal): Command {
  const check = new Command("check")
    .description("report what is silently not as written; builds nothing, and connects to no host but with --hosts")
    .option("--json", "findings as JSON", false)
    .option("--rule <id>", "only this rule; may be repeated (docs/checks.md lists them)", addRule, [])
    .addOption(
      new Option("--severity <level>", "only findings of this level or worse").choices(severities).default("info"),
    )
    .option("--evaluate", "look into the machines' configurations (default with --flake)")
    .option("--no-evaluate", "evaluate no configuration")
    .option("--hosts", "ask the stack's hosts whether its systems fit them, too; evaluates, changes nothing", false)
    .action(async ({ json, rule, severity, evaluate, hosts }: Options, command: Command) => {
      if (hosts && evaluate === false)
        command.error("error: --hosts: what hosts say is compared with configurations", { exitCode: 2 });
      const report = progressOn(terminal, false);
      const asking = hosts ? new HostsOfStack(command, terminal, signal) : undefined;
      const rules = rule.length === 0 ? allRules : rule;
      const options = { rules, evaluate: hosts ? true : evaluate, report, askHosts: asking?.ask };
      const read =
        asking?.read ??
        (async () => readChosenFleet(command, await sourceOfProject(command), undefined, report, signal));
      const result = await checked(() => checkFleet(read, options, signal), terminal);
      if (result === undefined) return;
      const shown = result.findings.filter(
        (finding) => severities.indexOf(finding.severity) <= severities.indexOf(severity),
      );
      for (const [machine, reason] of Object.entries(result.notEvaluated))
        terminal.tell(`${machine}: not evaluated: ${reason}`);
      const { evaluated, notEvaluated } = result;
      const summary = { ...countFindings(shown), rules: rules.length, evaluated, notEvaluated };
      terminal.answer(json ? JSON.stringify(findingsDocument(shown, summary), null, 2) : renderFindings(shown));
      terminal.exitCode = failing(result.findings).length > 0 ? 1 : 0;
    });
  return withMachineOptions(check);
}

/** The fleet by way of its stack, and then that stack's hosts. */
class HostsOfStack {
  readonly #context: readonly [Command, Terminal, AbortSignal];
  #chosen: ChosenMachines | undefined;

  constructor(...context: readonly [Command, Terminal, AbortSignal]) {
    this.#context = context;
  }

  readonly read = async (): Promise<Fleet> => {
    const [command, terminal, signal] = this.#context;
    this.#chosen = await chooseMachines(command, [], terminal, signal);
    return this.#chosen.fleet;
  };

  readonly ask: AskHosts = async (_fleet, configurations) => {
    const [command, terminal, signal] = this.#context;
    if (this.#chosen === undefined) return new Map();
    const on = this.#chosen.machines.filter(({ node }) => node?.power !== "off");
    const { stack, connections, sudoPassword } = await readWays(
      this.#chosen,
      on,
      command,
      terminal,
      signal,
      (machine, { facts }) => terminal.tell(`${machine}: its host was not asked: ${facts.summary}`),
    );
    return readHostNatures(connections, configurations, stack, sudoPassword, progressOn(terminal, false), signal);
  };
}

/** @returns undefined where the fleet could not be read, which was told, with exit code 2. */
export async function checked<T>(check: () => Promise<T>, terminal: Terminal): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof FleetError || error instanceof FleetErrors)) throw error;
    terminal.tell(error.message, "error");
    terminal.exitCode = 2;
    return undefined;
  }
}

function addRule(id: string, before: readonly Rule[]): readonly Rule[] {
  const rule = allRules.find((one) => one.id === id.toUpperCase());
  if (rule === undefined) throw new InvalidArgumentError(`there is no rule ${id}; docs/checks.md lists them.`);
  return [...before, rule];
}
