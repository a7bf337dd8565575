import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { FleetError, FleetErrors } from "../errors.ts";
import type { Diagnosis } from "../stack/doctor/diagnosis.ts";
import { diagnoseHost } from "../stack/doctor/look-at-hosts.ts";
import { diagnoseOperator, type OperatorNeeds } from "../stack/doctor/look-at-operator.ts";
import type { OwnedMachine } from "../stack/owned-machines.ts";
import { type MachineWays, readWays, withMachineOptions } from "./machine-ways.ts";
import { type ChosenMachines, chooseMachines } from "./stack-options.ts";
import type { Terminal } from "./terminal.ts";

interface DoctorOptions {
  readonly json: boolean;
  readonly dir: string;
}

/** What was found at one place; `--json` prints a list of them. */
interface Examined {
  /** null: the operator's machine. */
  readonly machine: string | null;
  readonly diagnoses: readonly Diagnosis[];
}

/** `fleet doctor`. Exit 0: nothing keeps anything from being deployed; 1: something does; 2: wrong usage. */
export function doctorCommand(terminal: Terminal, signal: AbortSignal): Command {
  return withMachineOptions(
    new Command("doctor")
      .description("say what is missing on this machine and on each host, with the fix; changes nothing")
      .argument("[machine...]", "names, or tag:<tag>; default: all of the stack")
      .option("--json", "what was found as JSON", false),
  ).action(async (selectors: readonly string[], _options: unknown, command: Command) => {
    const options = command.optsWithGlobals<DoctorOptions>();
    const { chosen, examined } = await chooseOrDiagnose(selectors, options, command, terminal, signal);
    const [here, hosts] = await Promise.all([
      diagnoseOperator(needsOf(chosen, options.dir), signal),
      chosen === undefined ? [] : diagnoseHosts(chosen, command, terminal, signal),
    ]);
    const all: Examined[] = [{ machine: null, diagnoses: [...here, ...examined] }, ...hosts];
    terminal.answer(options.json ? JSON.stringify(all, null, 2) : renderExamined(all));
    terminal.exitCode = all.some(({ diagnoses }) => diagnoses.some(({ level }) => level === "error")) ? 1 : 0;
  });
}

/** A fleet that cannot be read is something to tell, and no reason to keep quiet about the rest. */
async function chooseOrDiagnose(
  selectors: readonly string[],
  { dir }: DoctorOptions,
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ readonly chosen?: ChosenMachines; readonly examined: readonly Diagnosis[] }> {
  if (!existsSync(join(dir, "Pulumi.yaml"))) {
    const fix = "fleet init makes one; -C <folder> names another";
    return { examined: [{ check: "project", level: "warning", found: `no Pulumi.yaml in ${dir}`, fix }] };
  }
  try {
    return { chosen: await chooseMachines(command, selectors, terminal, signal), examined: [] };
  } catch (error) {
    const [first] = error instanceof FleetErrors ? error.errors : [error];
    if (!(first instanceof FleetError)) throw error;
    const { summary, found, fix } = first.facts;
    return { examined: [{ check: "fleet", level: "error", found: `${summary}: ${found}`, fix }] };
  }
}

function needsOf(chosen: ChosenMachines | undefined, dir: string): OperatorNeeds {
  if (chosen === undefined)
    return existsSync(join(dir, "Pulumi.yaml")) ? { project: dir, ...nothingElse } : nothingElse;
  const { fleet, stack } = chosen;
  const installs = Object.values(stack.config.hosts ?? {}).some(({ install }) => install !== undefined);
  const program = { file: stack.config.nixosAnywhere ?? "nixos-anywhere", why: "the stack installs machines with it" };
  return {
    project: dir,
    secrets: fleet.model.secretStore !== null,
    programs: installs ? [program] : [],
  };
}

const nothingElse = { secrets: false, programs: [] } as const;

async function diagnoseHosts(
  chosen: ChosenMachines,
  command: Command,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<readonly Examined[]> {
  const on = chosen.machines.filter(({ node }) => node?.power !== "off");
  const placeless = new Map<string, FleetError>();
  const ways = await readWays(chosen, on, command, terminal, signal, (machine, error) => placeless.set(machine, error));
  return Promise.all(
    chosen.machines.map(async (owned) => ({
      machine: owned.machine,
      diagnoses: await diagnoseOne(owned, ways, placeless, signal),
    })),
  );
}

async function diagnoseOne(
  owned: OwnedMachine,
  { connections, stack, sudoPassword }: MachineWays,
  placeless: ReadonlyMap<string, FleetError>,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  if (owned.node?.power === "off") return [{ check: "connection", level: "ok", found: "its node is off", fix: null }];
  const connection = connections.get(owned.machine);
  if (connection !== undefined) return diagnoseHost(owned, connection, stack, sudoPassword, signal);
  const facts = placeless.get(owned.machine)?.facts;
  const found = facts?.summary ?? "no way to it is known";
  return [{ check: "connection", level: "error", found, fix: facts?.fix ?? "state its address" }];
}

const words = { ok: "ok", warning: "warning", error: "ERROR" } as const;

/** A block per place; what is to be done stands below what was found. */
export function renderExamined(examined: readonly Examined[]): string {
  const width = Math.max(...examined.flatMap(({ diagnoses }) => diagnoses.map(({ check }) => check.length)));
  return examined
    .map(({ machine, diagnoses }) =>
      [machine ?? "this machine", ...diagnoses.flatMap((one) => renderOne(one, width))].join("\n"),
    )
    .join("\n\n");
}

function renderOne({ check, level, found, fix }: Diagnosis, width: number): readonly string[] {
  const line = (left: string, middle: string, text: string): string =>
    `  ${left.padEnd(7)}  ${middle.padEnd(width)}  ${text.replaceAll("\n", " ")}`;
  return [line(words[level], check, found), ...(fix === null ? [] : [line("", "", `fix: ${fix}`)])];
}
