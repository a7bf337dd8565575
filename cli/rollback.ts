import { Command } from "commander";
import { type HostFacts, readFacts } from "../deploy/host-facts.ts";
import { type Generation, previousGeneration, readGenerations } from "../deploy/observation/generations.ts";
import { whatStaysShut } from "../deploy/secrets/prove-sops.ts";
import { connect } from "../deploy/ssh/connect.ts";
import type { SecretText } from "../deploy/ssh/secret-text.ts";
import { isStorePath, renderStorePath, type StorePath } from "../local-nix/store-path.ts";
import type { Report } from "../report.ts";
import { proofFor } from "../stack/deliver-system.ts";
import { type Delivery, settingsOf, wayOf } from "../stack/delivery.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { publishedKeys } from "../stack/plan-secrets.ts";
import { resolveWay } from "../stack/way-to-host.ts";
import { confirmed } from "./confirm.ts";
import { deliverAll } from "./deliver-all.ts";
import { exitCodeOf, renderResults, resultsJson, tellFailures, tellTimes } from "./delivery-results.ts";
import { type MachineWays, readWays, withMachineOptions } from "./machine-ways.ts";
import { withSpecialisation } from "./policy-options.ts";
import { progressOn } from "./progress.ts";
import { renderTable } from "./render-table.ts";
import { chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface RollbackOptions {
  readonly to?: string;
  readonly specialisation?: string | false;
  readonly list: boolean;
  readonly json: boolean;
  readonly yes: boolean;
  readonly verbose: boolean;
}

/** `fleet rollback`. Exit 0: the host runs the earlier system; 1: it does not; 2: wrong usage; 130: interrupted. */
export function rollbackCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("rollback")
      .description(
        "deploy an earlier generation of a host again, as a transaction; the fleet's declaration stays as it is",
      )
      .argument("<machine>", "one machine of the stack")
      .option("--to <generation|path>", "default: the newest generation before the current one that is another system")
      .option("--specialisation <name>", "run this specialisation of it; default: what the stack says")
      .option("--no-specialisation", "run the system itself, whatever the stack says")
      .option("--list", "only show the host's generations", false)
      .option("--json", "the outcome, or the list, as JSON", false)
      .option("--yes", "do not ask", false)
      .option("--verbose", "also what activation scripts print", false),
  ).action(async (name: string, options: RollbackOptions, command: Command) => {
    const chosen = await chooseMachines(command, [name], terminal, signal);
    const { machines } = chosen;
    const [owned] = machines;
    if (owned === undefined || machines.length > 1 || owned.node?.power === "off")
      command.error(`error: ${name}: expected one machine that is on`, { exitCode: 2 });
    const report = progressOn(terminal, options.verbose);
    const ways = await readWays(chosen, machines, command, terminal, signal);
    const stated = planDelivery(owned, ways);
    const delivery = { ...stated, policy: withSpecialisation(stated.policy, options, command) };
    const { facts, generations } = await askHost(delivery, ways.sudoPassword, report, signal);
    if (options.list) {
      terminal.answer(options.json ? JSON.stringify(generations, null, 2) : renderGenerations(generations, facts));
      return;
    }
    terminal.tell(renderGenerations(generations, facts));
    const goal = chooseGeneration(options.to, generations, facts);
    if (goal === undefined) {
      const wanted = options.to === undefined ? "another system before the current one" : `generation ${options.to}`;
      terminal.tell(`${name}: the host has no ${wanted}`);
      terminal.exitCode = 1;
      return;
    }
    const shut = await shutAfter(goal.toplevel, command, ways, delivery, report, signal);
    if (shut !== undefined)
      terminal.tell(`${name}: the host's key may not open this system's secrets, and none come with it: ${shut}`);
    const question = `Roll ${name} back to ${goal.text}?`;
    if (!(await confirmed(question, options, command, signal))) {
      terminal.exitCode = 1;
      return;
    }
    const request: Delivery = { ...delivery, toplevel: goal.toplevel, buildOn: "local" };
    const results = await deliverAll(
      [request],
      { parallel: 1, verbose: options.verbose, sudoPassword: ways.sudoPassword },
      terminal,
      signal,
    );
    tellFailures(results, terminal);
    tellTimes(results, {}, terminal);
    terminal.answer(options.json ? resultsJson(results) : renderResults(results));
    terminal.exitCode = exitCodeOf(results, signal);
    if (terminal.exitCode === 0) terminal.tell(`${name}: the next \`pulumi up\` deploys what the fleet declares again`);
  });
}

function planDelivery(
  owned: OwnedMachine,
  { stack, connections }: MachineWays,
): Omit<Delivery, "toplevel" | "buildOn"> {
  const connection = connections.get(owned.machine);
  if (connection === undefined) throw new Error(`${owned.machine} has no connection`);
  const settings = settingsOf(owned, stack);
  // Whatever the stack's mode is: who rolls back means now.
  return { ...wayOf(owned.machine, connection, stack), ...settings, policy: { ...settings.policy, mode: "switch" } };
}

async function askHost(
  delivery: Omit<Delivery, "toplevel" | "buildOn">,
  sudoPassword: SecretText | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<{ facts: HostFacts; generations: readonly Generation[] }> {
  await using host = await connect(await resolveWay(delivery, sudoPassword), report, signal);
  const facts = await readFacts(host, { class: delivery.class }, signal);
  return { facts, generations: await readGenerations(host, signal) };
}

/** What the key that the clan has for a machine does not open of an earlier system; undefined: nothing that is known of. */
async function shutAfter(
  toplevel: StorePath,
  command: Command,
  { stack, sudoPassword }: MachineWays,
  delivery: Omit<Delivery, "toplevel" | "buildOn">,
  report: Report,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { dir } = command.optsWithGlobals<{ dir: string }>();
  const publishedKey = (await publishedKeys(dir, stack, [delivery])).get(delivery.machine);
  const way = await resolveWay(delivery, sudoPassword);
  const proof = proofFor({ toplevel, publishedKey }, way);
  if (proof === undefined) return undefined;
  await using host = await connect(way, report, signal);
  const elevation = "if-possible" as const;
  return await whatStaysShut(
    { exec: (script, options, scope) => host.exec(script, { ...options, elevation }, scope) },
    proof,
    signal,
  );
}

function chooseGeneration(
  to: string | undefined,
  generations: readonly Generation[],
  { generation, current }: HostFacts,
): { readonly toplevel: StorePath; readonly text: string } | undefined {
  // A path need not be in any generation: one that was only tested is as good, as long as the host still has it.
  if (to !== undefined && isStorePath(to)) return { toplevel: to, text: renderStorePath(to) };
  const found =
    to === undefined
      ? previousGeneration(generations, { generation, toplevel: current })
      : generations.find(({ number }) => String(number) === to);
  if (found === undefined) return undefined;
  return { toplevel: found.toplevel, text: `generation ${found.number}, ${renderStorePath(found.toplevel)}` };
}

/** Newest last; what runs and what the profile names are marked. */
export function renderGenerations(
  generations: readonly Generation[],
  { current, generation }: Pick<HostFacts, "current" | "generation">,
): string {
  const rows = generations.map(({ number, madeAt, toplevel }) => [
    String(number),
    madeAt === 0 ? "" : new Date(madeAt * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
    renderStorePath(toplevel),
    [toplevel === current ? "running" : "", number === generation ? "profile" : ""].filter(Boolean).join(", "),
  ]);
  return renderTable(["generation", "made", "system", ""], rows);
}
