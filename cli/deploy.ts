import { Command, InvalidArgumentError, Option } from "commander";
import { isPlain } from "../clan/rollout/plan-rollout.ts";
import { renderRollout } from "../clan/rollout/render-rollout.ts";
import { activationPolicySchema } from "../deploy/activation/policy.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { isStorePath, renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { HostConnection } from "../stack/connections.ts";
import { buildPlaceOf, type Delivery, settingsOf, wayOf } from "../stack/delivery.ts";
import { evaluateSystems } from "../stack/evaluate-systems.ts";
import { planSecrets, publishedKeys } from "../stack/plan-secrets.ts";
import { type StackRollout, stackRollout } from "../stack/stack-rollout.ts";
import { PhaseTimes } from "../stack/times.ts";
import { confirmed } from "./confirm.ts";
import { deliverAll } from "./deliver-all.ts";
import { exitCodeOf, renderResults, resultsJson, tellFailures, tellTimes } from "./delivery-results.ts";
import { readKnownByState } from "./known-by-state.ts";
import { readWays, withMachineOptions } from "./machine-ways.ts";
import { withSpecialisation } from "./policy-options.ts";
import { progressOn } from "./progress.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface DeployOptions {
  readonly toplevel?: StorePath;
  readonly mode?: string;
  readonly specialisation?: string | false;
  readonly parallel: number;
  readonly all: boolean;
  readonly rollout: boolean;
  readonly json: boolean;
  readonly yes: boolean;
  readonly verbose: boolean;
}

/** `fleet deploy`. Exit 0: every machine as declared; 1: some are not; 2: wrong usage; 130: interrupted. */
export function deployCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("deploy")
      .description(
        "deploy machines without Pulumi: the same transaction and owner; the next `pulumi refresh` takes the result over",
      )
      .argument("[machine...]", "names, or tag:<tag>; those of the stack")
      .option("--all", "all machines of the stack", false)
      .option("--no-rollout", "all at once: without the waves, gates and pauses of the stack's rollout")
      .option(
        "--toplevel <path>",
        "deploy this system, in the local store or the host's, instead of the fleet's",
        toStorePath,
      )
      .addOption(
        new Option(
          "--mode <mode>",
          "switch now and for the next boot; only at the next boot; only until it; or only look",
        ).choices(["switch", "boot", "test", "dry"]),
      )
      .option("--specialisation <name>", "run this specialisation of the system; default: what the stack says")
      .option("--no-specialisation", "run the system itself")
      .option("--parallel <n>", "machines at a time", toCount, 10)
      .option("--json", "outcomes as JSON", false)
      .option("--yes", "do not ask", false)
      .option("--verbose", "also what activation scripts print", false),
  ).action(async (selectors: readonly string[], options: DeployOptions, command: Command) => {
    using spent = new PhaseTimes();
    if (options.all === selectors.length > 0) command.error("error: name machines, or say --all", { exitCode: 2 });
    const chosen = await chooseMachines(command, selectors, terminal, signal);
    if (options.toplevel !== undefined && chosen.machines.length !== 1) {
      command.error(`error: --toplevel is one machine's system, and ${chosen.machines.length} are named`, {
        exitCode: 2,
      });
    }
    const planned = await planDeliveries(chosen, options, command, terminal, signal);
    const { deliveries, sudoPassword, unread } = planned;
    // One machine alone has no order: it is named, and waits for nobody.
    const isOrdered = options.rollout && options.mode !== "dry" && (options.all || deliveries.length > 1);
    const rollout = isOrdered ? await planOrder(chosen, planned, selectors) : undefined;
    for (const { machine, toplevel, targetHost } of deliveries)
      terminal.tell(`${machine}: ${renderStorePath(toplevel)} to ${targetHost}`);
    if (rollout !== undefined && !isPlain(rollout.plan)) terminal.tell(renderRollout(rollout.plan));
    const question = `Deploy ${deliveries.map(({ machine }) => machine).join(", ")} (${options.mode ?? "switch"})?`;
    if (!(await confirmed(question, { yes: options.yes || options.mode === "dry" }, command, signal))) {
      terminal.exitCode = 1;
      return;
    }
    const results = await deliverAll(deliveries, { ...options, sudoPassword, rollout }, terminal, signal);
    tellFailures(results, terminal);
    const code = exitCodeOf(results, signal);
    if (code === 1 && unread !== undefined)
      terminal.tell(
        `\nA key that is being rotated, and the stack that a machine was moved from, stand in the state: ${unread}`,
      );
    tellTimes(results, spent.phases, terminal);
    terminal.answer(options.json ? resultsJson(results) : renderResults(results));
    terminal.exitCode = code;
  });
}

/** Who names a machine asks for it: it is refused for being the operator's own only where it is one of many. */
async function planOrder(
  { fleet, stack, machines }: ChosenMachines,
  { deliveries, connections }: Pick<PlannedDeliveries, "deliveries" | "connections">,
  selectors: readonly string[],
): Promise<StackRollout> {
  const delivered = machines.filter(({ machine }) => deliveries.some((delivery) => delivery.machine === machine));
  const rollout = await stackRollout(fleet.model, stack, delivered, connections);
  const refused = Object.entries(rollout.plan.refused).filter(([machine]) => !selectors.includes(machine));
  return { ...rollout, plan: { ...rollout.plan, refused: Object.fromEntries(refused) } };
}

interface PlannedDeliveries {
  readonly deliveries: Delivery[];
  readonly connections: ReadonlyMap<string, HostConnection>;
  readonly sudoPassword: SecretText | undefined;
  /** Why the state could not be read. */
  readonly unread: string | undefined;
}

/** Machines whose node is off are left out and named. @throws {FleetError} gathered, before any host is asked */
async function planDeliveries(
  chosen: ChosenMachines,
  options: DeployOptions,
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<PlannedDeliveries> {
  const { toplevel, mode, verbose } = options;
  const { dir } = command.optsWithGlobals<{ dir: string }>();
  const { fleet, machines } = chosen;
  const off = machines.filter(({ node }) => node?.power === "off");
  for (const { machine } of off) terminal.tell(`${machine}: skipped, its node is off (${chosen.stack.file})`);
  const on = machines.filter((machine) => !off.includes(machine));
  const { stack, connections, sudoPassword } = await readWays(chosen, on, command, terminal, signal);
  const report = progressOn(terminal, verbose);
  const knowing = readKnownByState(dir, stack.name, signal); // while the systems are evaluated
  const systems =
    toplevel === undefined ? await evaluateSystems(fleet, stack, on, { report }, signal) : new Map<string, never>();
  const published = toplevel === undefined ? new Map<string, never>() : await publishedKeys(dir, stack, on);
  // A system of its own brings none: which secrets belong to it is not known.
  const secrets =
    toplevel === undefined
      ? await planSecrets(dir, fleet, stack, on, systems, report, signal)
      : new Map<string, never>();
  const known = await knowing;
  const deliveries = on.map((owned): Delivery => {
    const connection = connections.get(owned.machine);
    const system = systems.get(owned.machine);
    if (connection === undefined) throw new Error(`${owned.machine} has no connection`);
    const settings = settingsOf(owned, stack);
    const stated = { ...settings.policy, ...(mode === undefined ? {} : { mode }) };
    const policy = withSpecialisation(activationPolicySchema.parse(stated), options, command);
    const way = wayOf(owned.machine, connection, stack);
    const common = { ...way, ...settings, ...known.former(way, settings.owner), policy };
    if (toplevel !== undefined)
      return { ...common, toplevel, buildOn: "local", publishedKey: published.get(owned.machine) };
    if (system === undefined) throw new Error(`${owned.machine} was not evaluated`);
    const { drvPath } = system;
    return {
      ...common,
      toplevel: system.toplevel,
      drvPath,
      buildOn: buildPlaceOf(owned.machine, system, stack),
      secrets: secrets.get(owned.machine) ?? null,
    };
  });
  return { deliveries, connections, sudoPassword, unread: known.unread };
}

function toStorePath(text: string): StorePath {
  const path = text.replace(/\/+$/, "");
  if (isStorePath(path)) return path;
  throw new InvalidArgumentError("expected /nix/store/<hash>-<name>.");
}

function toCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("expected a number of machines.");
}
