import { Command, Option } from "commander";
import { z } from "zod";
import type { InstallationFacts } from "../deploy/installation/installation-facts.ts";
import { installationPhases } from "../deploy/installation/installation-facts.ts";
import type { Installation } from "../deploy/installation/installation-request.ts";
import { type InstallationPlan, renderDisk, renderLosses } from "../deploy/installation/plan-installation.ts";
import { hostKeySchema } from "../deploy/ssh/host-key.ts";
import { evaluateSystems, sourceOf } from "../stack/evaluate-systems.ts";
import { type InstallationOrder, planInstallationOrder } from "../stack/installation-order.ts";
import { planSecrets } from "../stack/plan-secrets.ts";
import { type InstallationRun, lookBeforeInstallation, runInstallation } from "../stack/run-installation.ts";
import { confirmed } from "./confirm.ts";
import { readWays, withMachineOptions } from "./machine-ways.ts";
import { progressOn } from "./progress.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";
import { usage } from "./usage.ts";

interface InstallOptions {
  readonly reinstall?: string;
  readonly foreignHostKey?: string;
  readonly until?: Installation["phases"][number];
  readonly hardwareReport?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly yes: boolean;
  readonly verbose: boolean;
}

/** `fleet install`. Exit 0: installed, or as far as was asked for; 1: it is not; 2: wrong usage; 130: interrupted. */
export function installCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("install")
      .description("make a NixOS out of a machine that runs another system: its disks are wiped")
      .argument("<machine>", "one machine of the stack")
      .option("--reinstall <id>", "machine-id or cloud id of a NixOS that is to be wiped; it serves once")
      .option("--foreign-host-key <key>", "`ssh-ed25519 AAAA…` of the system that is replaced", usage(toHostKey))
      .addOption(new Option("--until <phase>", "stop after this phase").choices(installationPhases))
      .option("--hardware-report <file>", "have the installer write facter.json, before anything is wiped")
      .option("--dry-run", "look at the machine and say what would be wiped", false)
      .option("--json", "the result as JSON", false)
      .option("--yes", "do not ask", false)
      .option("--verbose", "also what nixos-anywhere says", false),
  ).action(async (machine: string, options: InstallOptions, command: Command) => {
    const chosen = await chooseMachines(command, [machine], terminal, signal);
    const { order, run } = await planOrder(chosen, options, command, terminal, signal);
    const report = progressOn(terminal, options.verbose);
    const { plan, facts, hostKey } = await lookBeforeInstallation(order, run, report, signal);
    if (options.dryRun) {
      terminal.answer(options.json ? JSON.stringify({ plan, facts }, null, 2) : renderPlan(machine, plan, facts));
      terminal.exitCode = plan.kind === "refuse" ? 1 : 0;
      return;
    }
    if (plan.kind === "run") {
      terminal.tell(renderPlan(machine, plan, facts));
      if (!(await confirmed(`Install ${machine}?`, options, command, signal))) {
        terminal.exitCode = 1;
        return;
      }
    }
    // What was agreed to is about the machine that showed this key: another one may answer by now.
    const shown = { ...order, foreignHostKeys: [{ key: hostKey, source: "shown when the machine was looked at" }] };
    const wanted = plan.kind === "run" ? shown : order;
    const agreed = options.yes || plan.kind === "run";
    const ended = await runInstallation(wanted, { ...run, agreed }, report, signal);
    terminal.answer(options.json ? JSON.stringify(ended, null, 2) : renderEnd(ended, order));
    terminal.exitCode = ended.kind === "already" && ended.current !== order.toplevel ? 1 : 0;
  });
}

async function planOrder(
  chosen: ChosenMachines,
  { reinstall, foreignHostKey, until, hardwareReport, verbose }: InstallOptions,
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ readonly order: InstallationOrder; readonly run: InstallationRun }> {
  const { dir } = command.optsWithGlobals<{ dir: string }>();
  const { fleet, machines } = chosen;
  const [owned] = machines;
  if (owned === undefined || machines.length !== 1)
    command.error("error: one machine is installed at a time", { exitCode: 2 });
  if (owned.spec.class !== "nixos") command.error(`error: ${owned.machine} is a Mac`, { exitCode: 2 });
  if (owned.node?.power === "off") command.error(`error: the node of ${owned.machine} is off`, { exitCode: 2 });
  const report = progressOn(terminal, verbose);
  const { stack, connections, sudoPassword } = await readWays(
    chosen,
    machines,
    command,
    terminal,
    signal,
    undefined,
    "always",
  );
  const systems = await evaluateSystems(fleet, stack, machines, { report }, signal);
  const secrets = await planSecrets(dir, fleet, stack, machines, systems, report, signal);
  const [connection, system] = [connections.get(owned.machine), systems.get(owned.machine)];
  if (connection === undefined || system === undefined) throw new Error(`${owned.machine} was not evaluated`);
  const toInstall = { owned, connection, system, secrets: secrets.get(owned.machine) ?? null };
  const order = await planInstallationOrder(dir, await sourceOf(fleet, report, signal), stack, toInstall, signal);
  const key = foreignHostKey === undefined ? undefined : hostKeySchema.parse(foreignHostKey);
  return {
    order: {
      ...order,
      ...(reinstall === undefined ? {} : { reinstall }),
      ...(key === undefined ? {} : { foreignHostKeys: [{ key, source: "--foreign-host-key" }] }),
    },
    run: { until, hardwareReport, sudoPassword },
  };
}

function renderPlan(machine: string, plan: InstallationPlan, { name, machineId }: InstallationFacts): string {
  switch (plan.kind) {
    case "installed":
      return `${machine}: runs ${name}, which stays; to wipe it: --reinstall ${machineId ?? "<cloud id>"}`;
    case "reached":
      return `${machine}: is in ${name} already, nothing is done`;
    case "refuse":
      return plan.obstacles
        .map(({ found, expected, fix }) => `${machine}: ${found}; expected ${expected}: ${fix}`)
        .join("\n");
    case "run": {
      const wipes = plan.wipes.map(renderDisk).join(", ");
      const what = wipes === "" ? "wipes nothing more" : `wipes ${wipes}`;
      return [
        `${machine}: ${what} of ${name}, machine-id ${machineId ?? "none"}: ${plan.phases.join(", ")}`,
        ...renderLosses(plan.wipes).map((line) => `${machine}: ${line}`),
      ].join("\n");
    }
  }
}

function renderEnd(
  { kind, machine, phases, wiped, machineId, current }: Installation,
  order: InstallationOrder,
): string {
  switch (kind) {
    case "already": {
      const how =
        current === order.toplevel ? "as declared" : `${current ?? "an unknown system"}: fleet deploy ${machine}`;
      return `${machine}: runs NixOS already, ${how}; to wipe it: --reinstall ${machineId ?? "<cloud id>"}`;
    }
    case "stopped":
      return phases.length === 0
        ? `${machine}: is as far as was asked for already; the next run goes on there`
        : `${machine}: stopped after ${phases.at(-1)}; the next run goes on there`;
    case "installed":
      return `${machine}: installed${wiped.length === 0 ? "" : `, wiped ${wiped.join(", ")}`}, runs ${order.toplevel}`;
  }
}

function toHostKey(text: string): string {
  const parsed = hostKeySchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new TypeError(z.prettifyError(parsed.error));
}
