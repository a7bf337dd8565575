import { join } from "node:path";
import { z } from "zod";
import type { NixDefinition, NixModules, UnreadNixModule } from "../../composition/nix-entries.ts";
import { pathInFleet } from "../../composition/source-location.ts";
import { NixMissingError, NixTooOldError } from "../../local-nix/errors.ts";
import { nixString } from "../../local-nix/evaluation-request.ts";
import { runNix } from "../../local-nix/nix-command.ts";
import { NixError } from "../../local-nix/nix-error.ts";
import { nixFunction } from "./nix-expression.ts";
import { clanModules, clanStatementSchema } from "./nix-statements.ts";
import { entryIn } from "./origin.ts";

type Known = ReadonlyMap<string, readonly string[]>;

const origins = z.array(z.string().nullable());
const entrySchema = z.object({
  class: z.string(),
  entry: z.string(),
  file: z.string(),
  line: z.number().nullable(),
  bodies: z.array(
    z.object({
      imports: origins,
      homes: z.array(z.record(z.string(), origins)),
      people: z.array(z.string()),
      hostPlatform: z.string().nullable(),
    }),
  ),
});
const answerSchema = z.object({
  entries: z.array(entrySchema),
  statesClan: z.boolean(),
  clan: z.array(clanStatementSchema),
});
type Answer = z.output<typeof answerSchema>;
type Entries = Answer["entries"];

/**
 * Reads what `.nix` flake modules beside TypeScript ones define: one evaluation of names, files and imports, and of what they
 * say of the clan, without the flake's inputs. Where that fails as a whole, each file is asked for by itself, so that one that needs its inputs for the
 * names of its entries hides no other.
 * @param files - relative to `root`.
 */
export async function readNixModules(
  root: string,
  files: readonly string[],
  known: Known,
  signal: AbortSignal,
): Promise<NixModules> {
  try {
    return { ...readAnswers([await ask(root, files, known, true, signal)], root), unread: [] };
  } catch (error) {
    if (error instanceof NixMissingError || error instanceof NixTooOldError)
      return { definitions: [], statements: [], unread: files.map((file) => ({ file, reason: error.facts.summary })) };
    if (!(error instanceof NixError)) throw error;
    return readEach(root, files, known, signal);
  }
}

async function readEach(
  root: string,
  files: readonly string[],
  known: Known,
  signal: AbortSignal,
): Promise<NixModules> {
  const unread: UnreadNixModule[] = [];
  const names: (readonly [file: string, answer: Answer])[] = [];
  for (const file of files) {
    const answer = await asked(() => ask(root, [file], known, false, signal));
    if (answer instanceof NixError) unread.push({ file, reason: answer.facts.found });
    else names.push([file, answer]);
  }
  const all = withNames(
    known,
    names.flatMap(([, { entries }]) => entries),
  );
  const answers: Answer[] = [];
  for (const [file, shallow] of names) {
    if (shallow.entries.length === 0 && !shallow.statesClan) continue;
    const answer = await asked(() => ask(root, [file], all, true, signal));
    // A body that names what does not exist: its entries are there all the same, and Nix will say so.
    answers.push(answer instanceof NixError ? shallow : answer);
    if (answer instanceof NixError && shallow.statesClan) unread.push({ file, reason: answer.facts.found });
  }
  return { ...readAnswers(answers, root), unread };
}

async function asked(work: () => Promise<Answer>): Promise<Answer | NixError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NixError) return error;
    throw error;
  }
}

async function ask(
  root: string,
  files: readonly string[],
  known: Known,
  bodies: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const list = (texts: readonly string[]): string => `[ ${texts.map(nixString).join(" ")} ]`;
  const classes = [...known].map(([className, entries]) => `${nixString(className)} = ${list(entries)};`).join(" ");
  const argument = `{ files = ${list(files.map((file) => join(root, file)))}; known = { ${classes} }; bodies = ${bodies}; }`;
  // The working tree lies outside of the store.
  const args = ["eval", "--json", "--impure", "--show-trace", "--expr", nixFunction("nix-modules.nix", argument)];
  const text = await runNix(args, { signal, purpose: `${root}: read the flake modules in Nix` });
  return answerSchema.parse(JSON.parse(text));
}

function withNames(known: Known, answer: Entries): Known {
  const all = new Map([...known].map(([className, entries]) => [className, [...entries]]));
  for (const { class: className, entry } of answer) all.set(className, [...(all.get(className) ?? []), entry]);
  return new Map([...all].map(([className, entries]) => [className, [...new Set(entries)]]));
}

function readAnswers(answers: readonly Answer[], root: string): Omit<NixModules, "unread"> {
  const entries = answers.flatMap((answer) => answer.entries);
  const platforms = new Map(
    entries.flatMap(({ class: className, entry, bodies }) =>
      bodies.flatMap(({ hostPlatform }) =>
        hostPlatform === null ? [] : [[`${className}/${entry}`, hostPlatform] as const],
      ),
    ),
  );
  const statements = answers.flatMap(({ clan }) => clan);
  return {
    definitions: definitionsIn(entries, root),
    statements: clanModules(root, statements, ({ class: className, entry }) => platforms.get(`${className}/${entry}`)),
  };
}

function definitionsIn(answer: Entries, root: string): NixDefinition[] {
  const entries = (found: readonly (string | null)[]) =>
    found.flatMap((origin) => (origin === null ? [] : (entryIn(origin) ?? [])));
  return answer.map(({ class: className, entry, file, line, bodies }) => {
    const homes = new Map<string, ReturnType<typeof entries>>();
    for (const users of bodies.flatMap((body) => body.homes))
      for (const [user, imports] of Object.entries(users))
        homes.set(user, [...(homes.get(user) ?? []), ...entries(imports)]);
    return {
      class: className,
      entry,
      definedAt: { file: pathInFleet(root, file), ...(line === null ? {} : { line }) },
      imports: entries(bodies.flatMap((body) => body.imports)),
      homes: Object.fromEntries(homes),
      people: [...new Set(bodies.flatMap((body) => body.people))],
    };
  });
}
