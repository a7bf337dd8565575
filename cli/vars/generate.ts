import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { readConfigurations } from "../../clan/checks/configurations.ts";
import type { Fleet } from "../../clan/read-fleet.ts";
import { selectMachines } from "../../clan/select-machines.ts";
import { VarsMissingError } from "../../clan/vars/errors.ts";
import { there } from "../../clan/vars/write-vars.ts";
import { throwGathered } from "../../errors.ts";
import type { CommandSecret } from "../../stack/builtin-generators.ts";
import { runClan } from "../../stack/clan-command.ts";
import { ageKey, type Generated, generateVars } from "../../stack/generate-vars.ts";
import { confirmed } from "../confirm.ts";
import { progressOn } from "../progress.ts";
import { renderTable } from "../render-table.ts";
import { readChosenFleet, type SourceOptions, sourceOfProject } from "../source-options.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly generator: readonly string[];
  readonly regenerate: boolean;
  readonly with?: "clan" | "builtin";
  readonly user?: string;
  readonly password: readonly string[];
  readonly command: readonly CommandSecret[];
  readonly yes: boolean;
}

/** `fleet vars generate`. Exit 0: all is there; 1: it failed, or nobody wanted it; 2: wrong usage; 130: interrupted. */
export function varsGenerateCommand(terminal: Terminal, signal: AbortSignal): Command {
  const many = (flags: string, description: string): Option =>
    new Option(flags, description).argParser((text: string, all: readonly string[]) => [...all, text]).default([]);
  return new Command("generate")
    .description("generate what is missing, encrypted, in clan's layout; commits nothing")
    .argument("[machine...]", "names, or tag:<tag>; default: all")
    .addOption(many("--generator <name>", `only this generator, or ${ageKey}; may be repeated`))
    .option("--regenerate", "replace what is there; asks", false)
    .addOption(
      new Option(
        "--with <tool>",
        "clan's own command, or the generators built in here; default: clan's where generators are declared",
      ).choices(["clan", "builtin"]),
    )
    .option("--user <name>", "built in: add yourself to the clan's users, with your own age key", toName)
    .addOption(
      new Option("--password <user>", "built in: a password of this account, and its hash; may be repeated")
        .argParser((text: string, all: readonly string[]) => [...all, toName(text)])
        .default([]),
    )
    .addOption(
      new Option(
        "--command <generator/file=command>",
        "built in: a secret that a shell command prints; may be repeated",
      )
        .argParser(addCommandSecret)
        .default([]),
    )
    .option("--yes", "do not ask", false)
    .action(async (selectors: readonly string[], options: Options, command: Command) => {
      const { dir, flake = (await sourceOfProject(command)).flake } = command.optsWithGlobals<SourceOptions>();
      if (flake !== undefined) {
        const run = ["clan vars generate", ...selectors.filter((one) => !one.startsWith("tag:"))].join(" ");
        command.error(`error: ${flake} is adopted and never written to: run \`${run}\` there`, { exitCode: 2 });
      }
      const report = progressOn(terminal, false);
      const fleet = await readChosenFleet(command, {}, undefined, report, signal);
      const known = fleet.model.machines;
      const machines =
        selectors.length === 0
          ? Object.keys(known)
          : selectMachines(known, selectors, "fleet vars generate", "argument");
      const question = `Replace vars of ${machines.join(", ")}? What they open or prove is lost with them.`;
      if (options.regenerate && !(await confirmed(question, options, command, signal))) {
        terminal.exitCode = 1;
        return;
      }
      const tool = options.with ?? (await declaresGenerators(fleet, machines, report, signal));
      if (tool === "clan") await runClan({ ...options, dir, machines }, signal);
      else tellGenerated(await generated(dir, machines, options, signal), terminal);
      const folder = (await there(join(dir, "secrets/age-keys"))) ? "secrets" : "sops";
      terminal.tell(`Nothing was committed: look at \`git status\`, then \`git add vars ${folder}\`.`);
    });
}

async function generated(
  root: string,
  machines: readonly string[],
  { generator, regenerate, user, password, command }: Options,
  signal: AbortSignal,
): Promise<readonly Generated[]> {
  await refuseAgeBackEnd(root);
  return await generateVars(
    {
      root,
      machines,
      regenerate,
      passwords: password,
      commands: command,
      ...(generator.length === 0 ? {} : { only: generator }),
      ...(user === undefined ? {} : { user }),
    },
    signal,
  );
}

function tellGenerated(made: readonly Generated[], terminal: Terminal): void {
  terminal.answer(
    renderTable(
      ["machine", "what", ""],
      made.map(({ machine, what, result }) => [machine, what, result]),
    ),
  );
  if (made.some(({ result }) => result === "names the former key"))
    terminal.tell(
      "What names the former key was not encrypted anew: it is no secret of clan's. Put the new key into .sops.yaml, then `sops updatekeys <file>`.",
    );
}

/** Two back ends in one clan: each of its tools would see one half. @throws {VarsMissingError} */
async function refuseAgeBackEnd(root: string): Promise<void> {
  const folder = join(root, "secrets/age-keys");
  if (!(await there(folder)) || (await there(join(root, "sops/users")))) return;
  throw new VarsMissingError({
    summary: "the clan keeps its secrets with its age back end, for which nothing is built in",
    expected: "clan's sops back end, sops/users/<user>/key.json, or none yet",
    found: folder,
    at: "fleet vars generate",
    fix: "fleet vars generate --with clan",
  });
}

/** @throws {FleetError} a configuration that cannot be looked into: what it declares must not be guessed. */
async function declaresGenerators(
  fleet: Fleet,
  machines: readonly string[],
  report: ReturnType<typeof progressOn>,
  signal: AbortSignal,
): Promise<"clan" | "builtin"> {
  const { configurations, failures } = await readConfigurations(fleet, report, signal);
  throwGathered(machines.flatMap((machine) => failures.get(machine) ?? []));
  const declared = machines.some((machine) => Object.keys(configurations.get(machine)?.generators ?? {}).length > 0);
  return declared ? "clan" : "builtin";
}

/** It becomes a folder, which may be replaced: never one above. */
function toName(text: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text)) return text;
  throw new InvalidArgumentError("expected letters, digits, `_`, `.` or `-`.");
}

function addCommandSecret(text: string, before: readonly CommandSecret[]): readonly CommandSecret[] {
  const [, generator, file, command] =
    /^([A-Za-z0-9_][A-Za-z0-9_.-]*)\/([A-Za-z0-9_][A-Za-z0-9_.-]*)=(.+)$/s.exec(text) ?? [];
  if (generator === undefined || file === undefined || command === undefined)
    throw new InvalidArgumentError("expected <generator>/<file>=<command>.");
  return [...before, { generator, file, command }];
}
