// `npm run pulumi -- <anything>`: the CLI with the project's settings. Its exit code, stdin, stdout and terminal are the CLI's.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { standInEnvironment } from "../../sim/gcp/stand-in-environment.ts";
import { startCloudStandIn } from "./cloud-stand-in.ts";
import { parsePulumiArguments } from "./pulumi-arguments.ts";
import { concernsStack, localStack, type PulumiRun, type PulumiSituation, planPulumiRun } from "./pulumi-run.ts";
import { simulationConfig } from "./simulation-config.ts";

const checkout = resolve(import.meta.dirname, "..", "..");
const ownSimulation = process.env["PULUMI_CLAN_SIM_STATE"];
const simulation = resolve(checkout, ownSimulation || join(".state", "sim"));

const stackListSchema = z.array(z.object({ name: z.string(), current: z.boolean() }));

/** What the backend holds; nothing when it cannot be asked: the command itself will say why. */
function readSituation(): PulumiSituation {
  const stackVariable = process.env["PULUMI_STACK"];
  const known = stackVariable === undefined || stackVariable === "" ? {} : { stackVariable };
  const { status, stdout } = spawnSync("pulumi", ["stack", "ls", "--json", "--non-interactive"], { encoding: "utf8" });
  if (status !== 0) return { ...known, existing: [] };
  const stacks = stackListSchema.parse(JSON.parse(stdout));
  const selected = stacks.find(({ current }) => current)?.name;
  return { ...known, existing: stacks.map(({ name }) => name), ...(selected === undefined ? {} : { selected }) };
}

/** Settings of stack `local`, none of which overrides the user's own. */
function environmentFor(run: PulumiRun): NodeJS.ProcessEnv {
  const { env } = process;
  const settings: NodeJS.ProcessEnv = { ...env };
  settings["PULUMI_CONTINUE_ON_ERROR"] ??= "true"; // one host that fails must not keep others from being deployed
  if (!run.local) return settings;
  if (env["PULUMI_CONFIG_PASSPHRASE_FILE"] === undefined) settings["PULUMI_CONFIG_PASSPHRASE"] ??= ""; // it guards nothing
  settings["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] ??= "true"; // the stand-in is the only cloud here
  if (run.defaultStack !== undefined) settings["PULUMI_STACK"] = run.defaultStack;
  return settings;
}

/** Makes stack `local`; Pulumi.local.yaml carries its encryption salt, so the file stays as it is. */
function createStack(env: NodeJS.ProcessEnv): number {
  const { status } = spawnSync("pulumi", ["stack", "init", localStack, "--no-select", "--non-interactive"], {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return status ?? 1;
}

/** `--config-file` of a generated copy, where the committed one does not fit. */
function configFileOptions(run: PulumiRun): readonly string[] {
  const all = process.env["PULUMI_CLAN_SIM_HOSTS"] === "all";
  if (!run.takesConfigFile || (!all && !ownSimulation)) return [];
  const text = readFileSync(join(checkout, `Pulumi.${localStack}.yaml`), "utf8");
  const path = join(simulation, `Pulumi.${localStack}.${all ? "all." : ""}yaml`);
  mkdirSync(simulation, { recursive: true });
  writeFileSync(path, simulationConfig(text, { all, ...(ownSimulation ? { simulation } : {}) }));
  return [`--config-file=${path}`];
}

/** First signal that asked this process to end. */
let interruptedBy: NodeJS.Signals | undefined;
let cli: ChildProcess | undefined;

/** The terminal sends ^C to the CLI too, which ends in its own time; other signals reach only us. */
function onSignal(signal: NodeJS.Signals): void {
  interruptedBy ??= signal;
  if (signal !== "SIGINT") cli?.kill(signal);
}

const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Runs the CLI to its end. */
async function runCli(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (interruptedBy !== undefined) return exitCodeOf(interruptedBy);
  cli = spawn("pulumi", args, { env, stdio: "inherit" });
  await once(cli, "close");
  return cli.exitCode ?? exitCodeOf(cli.signalCode ?? "SIGTERM");
}

/** Options go before `--`, behind which the CLI takes nothing as one. */
function withOptions(args: readonly string[], options: readonly string[]): readonly string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.toSpliced(end, 0, ...options);
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = parsePulumiArguments(args);
  const run = planPulumiRun(args, parsed, concernsStack(parsed) ? readSituation() : { existing: [] });
  const env = environmentFor(run);
  if (run.createStack) {
    const code = createStack(env);
    if (code !== 0) return code;
  }
  if (!run.cloud) return runCli(run.args, env);
  const complete = withOptions(run.args, configFileOptions(run));
  await using cloud = await startCloudStandIn(checkout, simulation);
  return await runCli(complete, { ...env, ...standInEnvironment(cloud, env) });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`pulumi: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
