import { glob, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type Page, type Passage, passagesOf } from "./markdown.ts";
import { type Statement, statementsOf } from "./shell.ts";
import { expandSynopsis, isSynopsis } from "./synopsis.ts";

export const checkout = resolve(import.meta.dirname, "..", "..", "..");

/** A command that a page tells its reader, or a script that a workflow runs. */
export interface DocumentedCommand {
  /** Relative to the checkout. */
  readonly page: string;
  readonly line: number;
  /** `block`: to be copied; `span`: named in a sentence or table; `step`: of a workflow. */
  readonly form: "block" | "span" | "step";
  /** Name of the workflow's step. Absent: it is none, or has none. */
  readonly step?: string;
  /** As written, continued lines in one text. */
  readonly text: string;
  /** Shown by its form, with placeholders or alternatives. */
  readonly isSynopsis: boolean;
  /** What it runs; of a synopsis with every alternative. */
  readonly statements: readonly Statement[];
  /** The lines that the page shows as its output. Absent: it shows none. */
  readonly output?: readonly string[];
  /** What the page says, `# exit code 1`; 0 unless it does. */
  readonly exitCode: number;
}

/** Programs of which a span is a command, and no other text in that font. */
const programs = /^(fleet|npm|npx|pulumi|node) \S/;
const shellLanguages = new Set(["sh", "bash", "console"]);

/** Pages whose commands are told by the code itself, and compared with it by a test of their own. */
const generated = new Set(["docs/cli.md"]);

/** README.md and every page of docs/. */
export async function readPages(): Promise<Page[]> {
  const paths = await Array.fromAsync(glob("{README.md,docs/**/*.md}", { cwd: checkout }));
  const pages = paths.toSorted().filter((path) => !generated.has(path));
  return Promise.all(pages.map(async (path) => ({ path, text: await readFile(join(checkout, path), "utf8") })));
}

/** Every command of the documentation, in the order of the pages. */
export async function readDocumentedCommands(): Promise<DocumentedCommand[]> {
  return [...(await readPages()).flatMap(commandsOf), ...(await readWorkflowCommands())];
}

/** The commands of one page. */
export function commandsOf({ path: page, text }: Page): DocumentedCommand[] {
  return passagesOf(text).flatMap((passage) => {
    if (passage.kind === "span")
      return programs.test(passage.text) ? [commandOf(page, passage.line, "span", passage.text)] : [];
    const isTranscript = passage.language !== "sh" && /^\$ /m.test(passage.text);
    if (isTranscript) return fromTranscript(page, passage);
    const isScript =
      shellLanguages.has(passage.language) || (passage.kind === "indented" && programs.test(passage.text));
    return isScript ? fromScript(page, passage) : [];
  });
}

function commandOf(page: string, line: number, form: "block" | "span" | "step", text: string): DocumentedCommand {
  const synopsis = form !== "step" && isSynopsis(text);
  const meant = synopsis ? expandSynopsis(text) : [text];
  const exitCode = Number(/#.*\bexit code (\d+)/.exec(text)?.[1] ?? 0);
  return { page, line, form, text, isSynopsis: synopsis, statements: meant.flatMap(statementsOf), exitCode };
}

/** One command a line, unless the line goes on: behind a backslash, in quotes, a here-document, or deeper indented. */
function fromScript(page: string, { text, line }: Passage): DocumentedCommand[] {
  const commands: DocumentedCommand[] = [];
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; ) {
    let length = 1;
    while (index + length < lines.length && goesOn(lines.slice(index, index + length + 1))) length += 1;
    const joined = lines.slice(index, index + length).join("\n");
    if (!/^\s*(#|$)/.test(joined)) commands.push(commandOf(page, line + index, "block", joined));
    index += length;
  }
  return commands;
}

/** Whether the last of these lines belongs to the command that those before it begin. */
function goesOn(lines: readonly string[]): boolean {
  const [next = "", ...before] = lines.toReversed();
  const text = before.toReversed().join("\n");
  const [, end] = /<<-?\s*['"]?(\w+)/.exec(text) ?? [];
  if (end !== undefined) return !before.some((line, index) => line === end && index < before.length - 1);
  if (/^\s*#/.test(text)) return false;
  const quotes = text.replaceAll(/\\./g, "").replaceAll(/"[^"]*"|'[^']*'/g, "");
  return /\\$/.test(text) || /^[^#]*['"]/.test(quotes) || /^\s+[[-]/.test(next);
}

/** Lines with `$ ` are commands, those below each its output. */
function fromTranscript(page: string, { text, line }: Passage): DocumentedCommand[] {
  const lines = text.split("\n");
  const starts = lines.flatMap((one, index) => (one.startsWith("$ ") ? [index] : []));
  return starts.map((start, index) => {
    const shown = lines.slice(start, starts[index + 1]);
    const continued = shown.findIndex((one) => !one.endsWith("\\")) + 1;
    const command = shown.slice(0, continued).join("\n").slice(2);
    const output = shown.slice(continued).join("\n").trimEnd();
    const all = commandOf(page, line + start, "block", command);
    return output === "" ? all : { ...all, output: output.split("\n") };
  });
}

const workflowSchema = z.object({
  jobs: z.record(
    z.string(),
    z.looseObject({ steps: z.array(z.looseObject({ name: z.string().optional(), run: z.string().optional() })) }),
  ),
});

async function readWorkflowCommands(): Promise<DocumentedCommand[]> {
  const paths = await Array.fromAsync(glob("docs/ci/*.yml", { cwd: checkout }));
  const scripts = paths.toSorted().map(async (page) => {
    const text = await readFile(join(checkout, page), "utf8");
    const steps = Object.values(workflowSchema.parse(parse(text)).jobs).flatMap((job) => job.steps);
    return steps.flatMap(({ name, run }) => {
      if (run === undefined) return [];
      const command = commandOf(page, lineOf(text, run), "step", run);
      return name === undefined ? [command] : [{ ...command, step: name }];
    });
  });
  return (await Promise.all(scripts)).flat();
}

function lineOf(text: string, script: string): number {
  const [first = ""] = script.split("\n");
  return text.slice(0, text.indexOf(first)).split("\n").length;
}
