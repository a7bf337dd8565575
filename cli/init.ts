import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { Draft, type FileChange } from "../clan/authoring/draft.ts";
import { planProject } from "../clan/authoring/plan-project.ts";
import { renderPatch } from "../clan/authoring/render-patch.ts";
import { writeChanges } from "../clan/authoring/write-changes.ts";
import { beginProject, hasPackage, type ProjectStep, projectSteps } from "../stack/begin-project.ts";
import { packageManifest } from "./package-manifest.ts";
import type { Terminal } from "./terminal.ts";

interface InitOptions {
  readonly name?: string;
  readonly stack: string;
  readonly flake?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly install: boolean;
  readonly preview: boolean;
  readonly dir: string;
}

/**
 * `fleet init`. Exit 0: the project is there, and was previewed where that was asked for; 1: a file is in the way, or a step
 * failed; 2: wrong usage.
 */
export function initCommand(terminal: Terminal, signal: AbortSignal): Command {
  return new Command("init")
    .description("make a Pulumi project: for a fleet in TypeScript, or beside a flake that is there, and preview it")
    .argument("[folder]", "where; default: --dir. A flake in it is adopted, and not written to")
    .option("--name <name>", "of project and fleet; default: the folder's")
    .option("--stack <name>", "first stack", "dev")
    .option("--dry-run", "write and run nothing; show the files", false)
    .option("--no-install", "leave `npm install` to you")
    .option("--no-preview", "make no stack and preview nothing")
    .option("--json", "files and steps as JSON", false)
    .action(async (folder: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<InitOptions>();
      const root = resolve(options.dir, folder ?? ".");
      const draft = new Draft(root);
      const remaining = [...planProject(draft, requestFor(root, options))];
      const isMissing = !hasPackage(root) && !statesPackage(draft);
      if (isMissing) remaining.push(...bringPackage);
      const steps = projectSteps(root, isMissing ? { ...options, install: false, preview: false } : options);
      if (options.dryRun) return showPlan(draft.changes, steps, remaining, options, terminal);
      await mkdir(root, { recursive: true });
      await writeChanges(root, draft.changes);
      for (const { path, before } of draft.changes) terminal.tell(`${before === null ? "made" : "edited"}: ${path}`);
      const run = await beginProject(root, steps, (text) => terminal.tell(text), signal);
      const left = run.failed === null ? [...remaining, ...nextSteps(draft, options)] : [...remaining, ...run.left];
      if (options.json) terminal.answer(document(draft.changes, run.done, left, run.failed));
      else for (const line of ["What remains:", ...left.map((text) => `  - ${text}`)]) terminal.tell(line);
      terminal.exitCode = run.failed === null ? 0 : 1;
    });
}

/** A flake in the folder is adopted, unless the fleet is written there already. */
function requestFor(root: string, { name, stack, flake, dir }: InitOptions) {
  const found = !existsSync(join(root, "fleet.ts")) && existsSync(join(root, "flake.nix")) ? "." : null;
  const { dependencies } = packageManifest();
  const sdk = dependencies["@pulumi/pulumi"];
  return {
    name:
      name ??
      basename(root)
        .replace(/[^a-zA-Z0-9_-]+/g, "-")
        .replace(/^[-_]+/, ""),
    stack,
    flake: flake === undefined ? found : fromProject(root, dir, flake),
    // Pulumi's CLI looks for its SDK beside the program, wherever ours has it.
    dependencies: sdk === undefined ? {} : { "@pulumi/pulumi": sdk },
  };
}

// By its name alone a registry would be asked, where it is nobody's: whoever took it would run here.
const bringPackage = [
  "npm install ARCHIVE: this package, which no registry has; `npm run package` in its checkout makes the archive",
  "fleet init, once more: it goes on with the preview",
];

const statingSchema = z.looseObject({ dependencies: z.looseObject({ "pulumi-clan": z.string() }) });

/** Whether the manifest says where the package comes from, as that of a fresh clone does. */
function statesPackage(draft: Draft): boolean {
  const manifest = draft.read("package.json");
  return manifest !== undefined && statingSchema.safeParse(JSON.parse(manifest)).success;
}

/** A folder is named from where the command was called, and stated relative to the project. */
function fromProject(root: string, dir: string, flake: string): string {
  const folder = resolve(dir, flake);
  return existsSync(join(folder, "flake.nix")) ? relative(root, folder) || "." : flake;
}

function nextSteps(draft: Draft, { stack }: InitOptions): readonly string[] {
  const authored = draft.read("fleet.ts") !== undefined;
  return [
    ...(authored
      ? ["fleet add machine NAME --class nixos --target-host root@HOST", "fleet lock, once there is a machine"]
      : []),
    "fleet doctor says what is missing here and on the hosts",
    `pulumi up --stack ${stack} --continue-on-error`,
  ];
}

function showPlan(
  changes: readonly FileChange[],
  steps: readonly ProjectStep[],
  remaining: readonly string[],
  { json }: InitOptions,
  terminal: Terminal,
): void {
  if (json) {
    terminal.answer(document(changes, [], remaining, null));
    return;
  }
  for (const change of changes) terminal.answer(renderPatch(change));
  for (const { command } of steps) terminal.tell(`would run: ${command.join(" ")}`);
  for (const line of remaining) terminal.tell(line);
}

function document(
  changes: readonly FileChange[],
  done: readonly ProjectStep[],
  remaining: readonly string[],
  failed: ProjectStep | null,
): string {
  const files = changes.map(({ path, before }) => ({ path, change: before === null ? "made" : "edited" }));
  const commandOf = ({ command }: ProjectStep): string => command.join(" ");
  return JSON.stringify(
    { files, done: done.map(commandOf), failed: failed === null ? null : commandOf(failed), remaining },
    null,
    2,
  );
}
